"""With the ingest function as it is shipped, which really runs."""

from __future__ import annotations

import datetime
import json
import time
import typing as t
from pathlib import Path

import pytest
from ingest_support import ENGINE_GROUP, FORMAT, GATEWAY_GROUP, engine_line, gateway_line

INDEXES = {"by-user-and-month": "user_month", "by-source-and-day": "source_day", "by-day": "day"}
ACTIONS = ["dynamodb:UpdateItem", "sqs:GetQueueUrl", "sqs:SendMessage"]
NOW = datetime.datetime.now(datetime.UTC)
OPTIONS = {
    "table": "audit",
    "gateway_log_group": GATEWAY_GROUP,
    "engine_log_group": ENGINE_GROUP,
    "from": (NOW - datetime.timedelta(hours=1)).isoformat(),
    "to": (NOW + datetime.timedelta(hours=1)).isoformat(),
}


@pytest.fixture
def reconciliation(run_module: t.Any, lab: t.Any) -> t.Iterator[t.Any]:
    from lab.functions.plane import FunctionsPlane

    plane = FunctionsPlane()
    plane.start(lab)
    trust = [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    run_module("iam_role").ok(
        name="ingest",
        assume_role_policy_document={"Version": "2012-10-17", "Statement": trust},
        inline_policies={
            "ingest": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ACTIONS, "Resource": "*"}]}
        },
    )
    run_module("dynamodb_table").ok(
        name="audit",
        partition_key={"name": "request_id"},
        indexes=[
            {"name": name, "partition_key": {"name": key}, "sort_key": {"name": "at"}} for name, key in INDEXES.items()
        ],
    )
    run_module("sqs_queue").ok(name="failed")
    run_module("lambda_function").ok(
        name="ingest",
        source=str(Path(__file__).parents[3] / "functions/ingest"),
        handler="handler.handle",
        runtime="python3.13",
        role_arn="arn:aws:iam::123456789012:role/ingest",
        timeout=60,
        environment={
            "TABLE": "audit",
            "STACK": "central-llm",
            "DEAD_LETTER_QUEUE": "failed",
            "GATEWAY_LOG_GROUP": GATEWAY_GROUP,
            "GATEWAY_FORMAT": json.dumps(FORMAT),
            "RETENTION_DAYS": "30",
        },
    )
    now = int(time.time() * 1000)
    lines = {
        GATEWAY_GROUP: [gateway_line(extendedRequestId=each, requestTimeEpoch=str(now)) for each in ("one=", "two=")],
        ENGINE_GROUP: [engine_line(gateway_request_id=each, received_at=now) for each in ("one=", "two=")],
    }
    for group, messages in lines.items():
        lab.client("logs").create_log_group(logGroupName=group)
        lab.client("logs").create_log_stream(logGroupName=group, logStreamName="one")
        events = [{"timestamp": now, "message": each} for each in messages]
        lab.client("logs").put_log_events(logGroupName=group, logStreamName="one", logEvents=events)
    yield run_module("audit_reconciliation")
    plane.stop()


def items(lab: t.Any) -> list[dict[str, t.Any]]:
    return t.cast("list[dict[str, t.Any]]", lab.client("dynamodb").scan(TableName="audit")["Items"])


def test_what_is_missing_is_told_foretold_and_repaired(reconciliation: t.Any, lab: t.Any, faults: t.Any) -> None:
    seen = reconciliation.ok(**OPTIONS)
    assert not seen.changed and seen["reconciliation"]["completeness_percent"] == 0.0
    assert seen["reconciliation"]["engine"] == {
        "lines": 2, "missing": 2, "missing_ids": ["one=", "two="], "unreadable": 0,
    }  # fmt: skip
    foretold = reconciliation.ok(check=True, **OPTIONS, function="ingest")
    assert foretold.changed and foretold["replayed"] == 4 and items(lab) == []
    repaired = reconciliation.ok(**OPTIONS, function="ingest")
    assert repaired.changed and repaired["replayed"] == 4
    assert repaired["reconciliation"]["completeness_percent"] == 100.0
    assert all({"gateway_line", "engine_line"} <= set(item) for item in items(lab)) and len(items(lab)) == 2
    reconciliation.settled(**OPTIONS, function="ingest")


def test_a_repair_that_fails_says_why_and_the_next_one_goes_on(
    reconciliation: t.Any, lab: t.Any, faults: t.Any
) -> None:
    faults.add("dynamodb", "UpdateItem", "AccessDeniedException", times=4)
    assert "could not be written" in reconciliation.refused(**OPTIONS, function="ingest")
    assert reconciliation.ok(**OPTIONS, function="ingest")["reconciliation"]["completeness_percent"] == 100.0
    faults.add("logs", "FilterLogEvents", "AccessDeniedException")
    assert "logs:FilterLogEvents" in reconciliation.refused(**OPTIONS)
    assert "does not lie before" in reconciliation.refused(**{**OPTIONS, "to": "2026-01-01"})
