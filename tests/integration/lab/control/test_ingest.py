"""The ingest function as it is shipped, from lines of two logs to the items of a table."""

from __future__ import annotations

import json
import time
import typing as t
from pathlib import Path

import pytest
import requests
from ansible_collections.central.llm.plugins.module_utils._lambda import package
from helpers import eventually
from ingest_support import ENGINE_GROUP, FORMAT, GATEWAY_GROUP, engine_line, gateway_line

from lab.context import LabContext
from lab.functions.plane import FunctionsPlane

ROOT = Path(__file__).parents[4]

ACTIONS = [
    "dynamodb:BatchGetItem",
    "logs:FilterLogEvents",
    "dynamodb:UpdateItem",
    "sqs:GetQueueUrl",
    "sqs:SendMessage",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
]


@pytest.fixture
def ingest(lab: LabContext) -> t.Iterator[LabContext]:
    plane = FunctionsPlane()
    plane.start(lab)
    trust = [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    iam, logs, functions = lab.client("iam"), lab.client("logs"), lab.client("lambda")
    role = iam.create_role(RoleName="ingest", AssumeRolePolicyDocument=json.dumps({"Statement": trust}))["Role"]["Arn"]
    rights = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ACTIONS, "Resource": "*"}]}
    iam.put_role_policy(RoleName="ingest", PolicyName="ingest", PolicyDocument=json.dumps(rights))
    queue = lab.client("sqs").create_queue(QueueName="failed")["QueueUrl"]
    queue_arn = lab.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    lab.client("dynamodb").create_table(
        TableName="audit",
        KeySchema=[{"AttributeName": "request_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "request_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    arn = functions.create_function(
        FunctionName="ingest",
        Runtime="python3.13",
        Handler="handler.handle",
        Role=role,
        Timeout=60,
        Code={"ZipFile": package.build(package.files_of(str(ROOT / "functions/ingest")))},
        DeadLetterConfig={"TargetArn": queue_arn},
        Environment={
            "Variables": {
                "TABLE": "audit",
                "STACK": "central-llm",
                "DEAD_LETTER_QUEUE": "failed",
                "GATEWAY_LOG_GROUP": GATEWAY_GROUP,
                "GATEWAY_FORMAT": json.dumps(FORMAT),
                "RETENTION_DAYS": "30",
            }
        },
    )["FunctionArn"]
    functions.create_function(
        FunctionName="reconcile",
        Runtime="python3.13",
        Handler="reconcile.handle",
        Role=role,
        Timeout=60,
        Code={"ZipFile": package.build(package.files_of(str(ROOT / "functions/ingest")))},
        Environment={
            "Variables": {
                "TABLE": "audit",
                "STACK": "central-llm",
                "GATEWAY_LOG_GROUP": GATEWAY_GROUP,
                "ENGINE_LOG_GROUP": ENGINE_GROUP,
                "GATEWAY_FORMAT": json.dumps(FORMAT),
                "RETENTION_DAYS": "30",
                "PERIOD_SECONDS": "3600",
            }
        },
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="ingest", WaiterConfig={"Delay": 0.02})
    logs.create_log_group(logGroupName="/aws/lambda/ingest")
    for number, group in enumerate((GATEWAY_GROUP, ENGINE_GROUP)):
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="one")
        functions.add_permission(
            FunctionName="ingest",
            StatementId=f"logs-{number}",
            Action="lambda:InvokeFunction",
            Principal="logs.amazonaws.com",
            SourceArn=f"arn:aws:logs:{lab.region}:{lab.account_id}:log-group:{group}:*",
        )
        pattern = "" if group == GATEWAY_GROUP else '"central_llm_audit"'
        logs.put_subscription_filter(logGroupName=group, filterName="audit", filterPattern=pattern, destinationArn=arn)
    yield lab
    plane.stop()


def say(lab: LabContext, group: str, *lines: str) -> None:
    events = [{"timestamp": int(time.time() * 1000), "message": line} for line in lines]
    lab.client("logs").put_log_events(logGroupName=group, logStreamName="one", logEvents=events)


def hook(lab: LabContext, name: str, **body: t.Any) -> None:
    requests.post(f"{lab.endpoint_url}/_lab/{name}", json=body, timeout=60).raise_for_status()


def refuse(lab: LabContext, times: int) -> None:
    fault = {"service": "dynamodb", "operation": "UpdateItem", "code": "AccessDeniedException", "message": "no"}
    hook(lab, "faults", **fault, status=400, times=times)


def items(lab: LabContext) -> dict[str, dict[str, t.Any]]:
    found = lab.client("dynamodb").scan(TableName="audit")["Items"]
    return {
        item["request_id"]["S"]: {name: next(iter(value.values())) for name, value in item.items()} for item in found
    }


def failed(lab: LabContext) -> list[dict[str, t.Any]]:
    sqs = lab.client("sqs")
    url = sqs.get_queue_url(QueueName="failed")["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
    return [json.loads(each["Body"]) for each in found]


def test_lines_become_items_whatever_happens_to_them_on_the_way(ingest: LabContext) -> None:
    ids = [f"request-{number}=" for number in range(12)]
    # Every third write is refused, so that batches fail and come again.
    # Of the first twelve none is written, two not even singly, so that the batch fails and comes again.
    refuse(ingest, times=14)
    say(ingest, ENGINE_GROUP, "INFO loading", *(engine_line(gateway_request_id=each) for each in ids))
    say(ingest, GATEWAY_GROUP, *(gateway_line(extendedRequestId=each) for each in reversed(ids)), "no line")
    say(ingest, ENGINE_GROUP, *(engine_line(gateway_request_id=each) for each in ids[:5]), engine_line()[:-1])
    hook(ingest, "clock", advance_seconds=300)
    found = eventually(
        lambda: items(ingest), lambda seen: len(seen) == 12 and all("gateway_line" in i for i in seen.values())
    )
    assert set(found) == set(ids)
    for item in found.values():
        assert (item["total_tokens"], item["gateway_status"], item["user_month"]) == ("21", "200", "alice#2026-11")
        assert "engine_more" not in item and "gateway_more" not in item
    assert sorted(each["message"] for each in failed(ingest)) == sorted(["no line", engine_line()[:-1]])


def test_what_can_never_be_written_ends_up_in_the_queue(ingest: LabContext) -> None:
    refuse(ingest, times=-1)
    say(ingest, ENGINE_GROUP, engine_line())
    hook(ingest, "clock", advance_seconds=300)
    calls = requests.get(f"{ingest.endpoint_url}/_lab/calls", timeout=10).json()
    assert {call["caller"] for call in calls if call["operation"] == "UpdateItem"} == {"function"}
    (left,) = failed(ingest)
    assert "awslogs" in left
    assert items(ingest) == {}


def test_what_was_lost_is_brought_in_from_the_logs(ingest: LabContext) -> None:
    ids = [f"request-{number}=" for number in range(5)]
    refuse(ingest, times=-1)
    say(ingest, ENGINE_GROUP, *(engine_line(gateway_request_id=each) for each in ids))
    say(ingest, GATEWAY_GROUP, *(gateway_line(extendedRequestId=each) for each in ids))
    # Tried three times, and given up.
    hook(ingest, "clock", advance_seconds=300)
    assert items(ingest) == {}
    requests.delete(f"{ingest.endpoint_url}/_lab/faults", timeout=30).raise_for_status()
    hook(ingest, "clock", advance_seconds=2 * 3600)

    def reconciled() -> t.Any:
        answer = ingest.client("lambda").invoke(FunctionName="reconcile", Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()
        return json.loads(answer["Payload"].read())

    assert reconciled() == {"lines": 10, "repaired": 10}
    found = items(ingest)
    assert set(found) == set(ids)
    for item in found.values():
        assert (item["total_tokens"], item["gateway_status"], item["user_month"]) == ("21", "200", "alice#2026-11")
    assert reconciled() == {"lines": 10, "repaired": 0}
