"""Lines of both logs, kept as they came: by day, packed, locked, and no prompt among them."""

from __future__ import annotations

import gzip
import json
import time
import typing as t

import pytest
import requests
from botocore.exceptions import ClientError

from lab.context import LabContext
from lab.delivery.streams import DeliveryPlane

ENGINE, GATEWAY = "/their/engine", "/their/gateway"
BUCKET = "team-audit-raw-123456789012-eu-central-1"
VARIABLES = {
    "llm_stack": "team",
    "llm_account_id": "123456789012",
    "llm_audit_engine_log_group": ENGINE,
    "llm_audit_gateway_log_group": GATEWAY,
    "llm_audit_gateway_log_format": {
        "id": "$context.extendedRequestId",
        "when": "$context.requestTimeEpoch",
        "status": "$context.status",
    },
    "llm_audit_reconcile_minutes": 0,
    "llm_audit_deletion_protection": False,
}
RAW = {**VARIABLES, "llm_audit_raw": True}


@pytest.fixture
def delivering(lab: LabContext) -> t.Iterator[LabContext]:
    plane = DeliveryPlane()
    plane.start(lab)
    logs = lab.client("logs")
    for group in (ENGINE, GATEWAY):
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="one")
    yield lab
    plane.stop()


def say(lab: LabContext, group: str, *messages: str) -> None:
    events = [{"timestamp": int(time.time() * 1000), "message": message} for message in messages]
    lab.client("logs").put_log_events(logGroupName=group, logStreamName="one", logEvents=events)


def move(lab: LabContext, seconds: float) -> None:
    requests.post(f"{lab.endpoint_url}/_lab/clock", json={"advance_seconds": seconds}, timeout=60).raise_for_status()


def kept(lab: LabContext) -> dict[str, list[dict[str, t.Any]]]:
    """The batches of each object."""
    s3 = lab.client("s3")
    found = {}
    for each in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        body = gzip.decompress(s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read()).decode()
        found[each["Key"]] = [json.loads(line) for line in body.splitlines()]
    return found


def lines(batches: list[dict[str, t.Any]]) -> set[tuple[str, str]]:
    return {(batch["logGroup"], event["message"]) for batch in batches for event in batch["logEvents"]}


def test_lines_are_kept_locked_and_given_up(role: t.Callable[[str], t.Any], delivering: LabContext) -> None:
    lab, audit = delivering, role("llm_audit")
    foretold = audit.ok(check=True, **RAW)
    run = audit.ok(**RAW)
    assert run.changed == foretold.changed > 0
    assert audit.ok(**RAW).changed == 0
    audit.ok("verify", **RAW)
    say(lab, GATEWAY, '{"id": "1", "status": "200"}')
    say(lab, ENGINE, '{"central_llm_audit": 1, "gateway_request_id": "1"}', "INFO: what else an engine says")
    assert kept(lab) == {}
    move(lab, 301)
    ((key, batches),) = kept(lab).items()
    assert key.startswith(f"records/day={lab.clock.utc():%Y-%m-%d}/team-audit-raw-1-") and key.endswith(".gz")
    assert lines(batches) == {
        (GATEWAY, '{"id": "1", "status": "200"}'),
        (ENGINE, '{"central_llm_audit": 1, "gateway_request_id": "1"}'),
    }
    # Nobody takes it away before its time.
    s3 = lab.client("s3")
    (version,) = s3.list_object_versions(Bucket=BUCKET)["Versions"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=BUCKET, Key=key, VersionId=version["VersionId"])

    # Turned off, what is under way still arrives, and the table goes on.
    say(lab, GATEWAY, "the last one")
    off = audit.ok(**VARIABLES)
    assert off.changed == 1 and audit.ok(**VARIABLES).changed == 0
    say(lab, GATEWAY, "one that is not kept")
    move(lab, 301)
    assert {text for each in kept(lab).values() for _group, text in lines(each)} >= {"the last one"}
    assert "not kept" not in str(kept(lab))
    names = {
        each["filterName"]
        for group in (ENGINE, GATEWAY)
        for each in lab.client("logs").describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    }
    assert names == {"team-audit"}

    # What is removed are the ways, and, with the word, what is empty.
    gone = audit.ok("absent", **RAW, llm_audit_remove_table=True)
    assert f"The bucket {BUCKET} holds lines of the audit and stays" in gone.output
    assert lab.client("firehose").list_delivery_streams()["DeliveryStreamNames"] == []
    assert audit.ok("absent", **RAW, llm_audit_remove_table=True).changed == 0
    assert len(kept(lab)) == 2


def test_what_still_has_to_be_written_or_read_outlives_the_rest(
    role: t.Callable[[str], t.Any], delivering: LabContext
) -> None:
    lab, audit = delivering, role("llm_audit")
    audit.ok(**RAW)
    sqs, firehose, iam = lab.client("sqs"), lab.client("firehose"), lab.client("iam")
    queue = sqs.get_queue_url(QueueName="team-audit-failed")["QueueUrl"]
    say(lab, GATEWAY, "the last one")
    sqs.send_message(QueueUrl=queue, MessageBody="unreadable")
    foretold = audit.ok("absent", check=True, **RAW)
    run = audit.ok("absent", **RAW)
    assert run.changed == foretold.changed > 0
    assert "The queue team-audit-failed holds about 1 messages" in run.output
    assert sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)["Messages"][0]["Body"] == "unreadable"
    move(lab, 301)
    assert {text for each in kept(lab).values() for _group, text in lines(each)} == {"the last one"}
    assert [each["RoleName"] for each in iam.list_roles()["Roles"]] == ["team-audit-raw-role"]
    assert audit.ok("absent", **RAW).changed == 0

    # Once it was read the queue goes, too; what writes goes with the word.
    sqs.purge_queue(QueueUrl=queue)
    run = audit.ok("absent", **RAW)
    assert run.changed == 1 and "The queue team-audit-failed holds" not in run.output
    assert sqs.list_queues().get("QueueUrls", []) == []
    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == ["team-audit-raw"]
    audit.ok("absent", **RAW, llm_audit_remove_table=True)
    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == [] and iam.list_roles()["Roles"] == []


def test_what_cannot_be_written_waits_and_what_cannot_be_read_is_set_aside(
    role: t.Callable[[str], t.Any], delivering: LabContext
) -> None:
    lab = delivering
    role("llm_audit").ok(**RAW, llm_audit_raw_lock="", llm_audit_raw_cold_days=0)
    iam = lab.client("iam")
    policy = iam.get_role_policy(RoleName="team-audit-raw-role", PolicyName="raw")["PolicyDocument"]
    iam.delete_role_policy(RoleName="team-audit-raw-role", PolicyName="raw")
    say(lab, GATEWAY, "early")
    lab.client("firehose").put_record(DeliveryStreamName="team-audit-raw", Record={"Data": b"no batch"})
    move(lab, 301)
    assert kept(lab) == {}
    iam.put_role_policy(RoleName="team-audit-raw-role", PolicyName="raw", PolicyDocument=json.dumps(policy))
    move(lab, 120)
    s3 = lab.client("s3")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    (bad,) = [key for key in keys if key.startswith("errors/processing-failed/day=")]
    (good,) = [key for key in keys if key.startswith("records/day=")]
    assert gzip.decompress(s3.get_object(Bucket=BUCKET, Key=bad)["Body"].read()) == b"no batch"
    assert b"early" in gzip.decompress(s3.get_object(Bucket=BUCKET, Key=good)["Body"].read())
    with pytest.raises(ClientError, match="ObjectLockConfigurationNotFoundError"):
        s3.get_object_lock_configuration(Bucket=BUCKET)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"llm_audit_raw_lock": "FOREVER"}, "llm_audit_raw_lock"),
        ({"llm_audit_raw_days": 0}, "llm_audit_raw_days"),
        ({"llm_audit_raw_cold_days": 500}, "llm_audit_raw_cold_days"),
        ({"llm_audit_raw_bucket": "Raw"}, "llm_audit_raw_bucket"),
    ],
)
def test_bad_input_is_refused_before_anything_is_touched(
    role: t.Callable[[str], t.Any], changed: dict[str, t.Any], said: str
) -> None:
    assert said in role("llm_audit").refused(**{**RAW, **changed})
