"""The reconciliation: which lines it looks for, and that it brings in those that are missing and no others."""

from __future__ import annotations

import json
import typing as t

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from ingest_support import ENGINE_GROUP, FORMAT, GATEWAY_GROUP, SETTINGS, core, engine_line, gateway_line, load

handler = load("handler", core=core)
reconcile = load("reconcile", core=core, handler=handler)
HOUR = 3600


@given(st.integers(0, 2**32), st.sampled_from([60, 300, HOUR, 86400]))
def test_each_moment_is_looked_at_twice_and_only_once_it_is_old_enough(now: int, seconds: int) -> None:
    begin, end = reconcile.period(now, seconds)
    assert end - begin == 2 * seconds and end % seconds == 0
    assert now - reconcile.LAG_S - seconds < end <= now - reconcile.LAG_S
    # The next run begins where half of this one's period is over: nothing is left out in between.
    assert reconcile.period(now + seconds, seconds) == (begin + seconds, end + seconds)


class Logs:
    """Two logs; the engine's may never have been made."""

    def __init__(self, gateway: list[str], engine: list[str] | None) -> None:
        self.lines = {GATEWAY_GROUP: gateway, ENGINE_GROUP: engine}
        self.asked: list[dict[str, t.Any]] = []

    def get_paginator(self, operation: str) -> Logs:
        assert operation == "filter_log_events"
        return self

    def paginate(self, **request: t.Any) -> t.Iterator[dict[str, t.Any]]:
        self.asked.append(request)
        lines = self.lines[request["logGroupName"]]
        if lines is None:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "FilterLogEvents")
        # Pages may be empty.
        yield {"events": []}
        for start in range(0, len(lines), 130):
            yield {
                "events": [
                    {"eventId": str(number), "timestamp": request["startTime"], "message": line}
                    for number, line in enumerate(lines[start : start + 130], start)
                ]
            }


class Dynamo:
    def __init__(self) -> None:
        self.items: dict[str, dict[str, t.Any]] = {}
        self.writes = 0
        self.unread = 0
        self.broken = False

    def batch_get_item(self, RequestItems: dict[str, t.Any]) -> dict[str, t.Any]:
        [(table, wanted)] = RequestItems.items()
        keys = [key["request_id"]["S"] for key in wanted["Keys"]]
        assert len(keys) == len(set(keys)) <= 100
        left, self.unread = keys[: self.unread], 0
        found = [self.items[key] for key in keys if key in self.items and key not in left]
        return {"Responses": {table: found}, "UnprocessedKeys": {}}

    def update_item(self, **request: t.Any) -> dict[str, t.Any]:
        if self.broken:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "UpdateItem")
        self.writes += 1
        item = self.items.setdefault(request["Key"]["request_id"]["S"], {"request_id": request["Key"]["request_id"]})
        values = request["ExpressionAttributeValues"]
        if request["UpdateExpression"].startswith("ADD"):
            name = request["ExpressionAttributeNames"]["#more"]
            item.setdefault(name, {"SS": []})["SS"] += values[":line"]["SS"]
            return {}
        line = next(name for name in ("gateway_line", "engine_line") if f":{name}" in values)
        before = item.get(line)
        if before not in (None, values[f":{line}"]):
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException", "Message": "no"}}, "UpdateItem")
        item[line] = values[f":{line}"]
        return {"Attributes": {line: before}} if before else {}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> dict[str, t.Any]:
    gateway = [gateway_line(extendedRequestId=f"request-{number}=") for number in range(150)]
    engine = [engine_line(gateway_request_id=f"request-{number}=") for number in range(120)]
    clients: dict[str, t.Any] = {"logs": Logs([*gateway, "no line"], engine), "dynamodb": Dynamo()}
    for module in (handler, reconcile):
        monkeypatch.setattr(module, "client", clients.__getitem__)
        monkeypatch.setattr(module, "settings", lambda: SETTINGS)
    for name, value in {
        "TABLE": "table", "STACK": "x", "ENGINE_LOG_GROUP": ENGINE_GROUP, "PERIOD_SECONDS": "3600",
        "GATEWAY_FORMAT": json.dumps(FORMAT),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    return clients


def measured(output: str) -> dict[str, t.Any]:
    (found,) = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return {name: found[name] for name in ("AuditLines", "AuditRepaired", "AuditCompleteness")}


def test_what_is_missing_is_brought_in_once(aws: dict[str, t.Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert reconcile.handle({}, None) == {"lines": 270, "repaired": 270}
    assert measured(capsys.readouterr().out) == {"AuditLines": 270, "AuditRepaired": 270, "AuditCompleteness": 100.0}
    assert len(aws["dynamodb"].items) == 150
    writes = aws["dynamodb"].writes
    assert reconcile.handle({}, None) == {"lines": 270, "repaired": 0}
    assert aws["dynamodb"].writes == writes
    patterns = {each["logGroupName"]: each["filterPattern"] for each in aws["logs"].asked}
    assert patterns == {GATEWAY_GROUP: "", ENGINE_GROUP: '"central_llm_audit"'}


def test_a_second_line_of_a_request_is_noted_once(aws: dict[str, t.Any]) -> None:
    aws["logs"].lines[ENGINE_GROUP].append(engine_line(gateway_request_id="request-1=", status=503))
    assert reconcile.handle({}, None)["repaired"] == 271
    assert len(aws["dynamodb"].items["request-1="]["engine_more"]["SS"]) == 1
    assert reconcile.handle({}, None)["repaired"] == 0


def test_what_could_not_be_read_is_written_again_and_counts_as_nothing_new(aws: dict[str, t.Any]) -> None:
    reconcile.handle({}, None)
    aws["dynamodb"].unread = 40
    writes = aws["dynamodb"].writes
    assert reconcile.handle({}, None)["repaired"] == 0
    assert aws["dynamodb"].writes == writes + 40


def test_a_stack_that_is_down_has_nothing_to_measure(aws: dict[str, t.Any], capsys: pytest.CaptureFixture[str]) -> None:
    aws["logs"].lines = {GATEWAY_GROUP: [], ENGINE_GROUP: None}
    assert reconcile.handle({}, None) == {"lines": 0, "repaired": 0}
    assert capsys.readouterr().out == ""


def test_what_cannot_be_written_is_no_success(aws: dict[str, t.Any], capsys: pytest.CaptureFixture[str]) -> None:
    aws["dynamodb"].broken = True
    with pytest.raises(RuntimeError, match="270 records could not be written"):
        reconcile.handle({}, None)
    assert measured(capsys.readouterr().out)["AuditCompleteness"] == 0.0
