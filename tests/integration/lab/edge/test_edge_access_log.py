"""Access logs: written as the stage says, behind the requests' backs."""

from __future__ import annotations

import json
import typing as t

import pytest
from edge_support import Api, Backend, eventually

from lab.context import LabContext

GROUP = "/aws/apigateway/test/prod"
FORMAT = json.dumps(
    {
        "requestId": "$context.requestId",
        "extendedRequestId": "$context.extendedRequestId",
        "keyId": "$context.identity.apiKeyId",
        "status": "$context.status",
        "path": "$context.resourcePath",
        "stage": "$context.stage",
        "latency": "$context.responseLatency",
        "integrationLatency": "$context.integrationLatency",
        "error": "$context.error.message",
        "length": "$context.responseLength",
        "unknown": "$context.authorizer.principalId",
    }
)


@pytest.fixture
def logged(api: Api, backend: Backend) -> Api:
    api.proxy("/keyed", f"{backend.url}/target", apiKeyRequired=True)
    api.deploy()
    account(api.ctx)
    api.ctx.client("logs").create_log_group(logGroupName=GROUP)
    log_to(api, GROUP)
    return api


def account(ctx: LabContext) -> None:
    principal = {"Service": "apigateway.amazonaws.com"}
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    }
    role = ctx.client("iam").create_role(RoleName="apigw-logs", AssumeRolePolicyDocument=json.dumps(trust))
    operation = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role["Role"]["Arn"]}
    ctx.client("apigateway").update_account(patchOperations=[operation])


def log_to(api: Api, group: str) -> None:
    arn = f"arn:aws:logs:{api.ctx.region}:{api.ctx.account_id}:log-group:{group}"
    settings = {"/accessLogSettings/destinationArn": arn, "/accessLogSettings/format": FORMAT}
    operations = [{"op": "replace", "path": path, "value": value} for path, value in settings.items()]
    api.client.update_stage(restApiId=api.api_id, stageName="prod", patchOperations=operations)


def events(ctx: LabContext, group: str = GROUP) -> list[dict[str, t.Any]]:
    found = ctx.client("logs").filter_log_events(logGroupName=group)["events"]
    return [json.loads(event["message"]) for event in found]


def test_every_request_is_logged_also_the_refused(logged: Api) -> None:
    key_id, value, _plan = logged.key()
    served, refused = logged.post("/keyed", value), logged.post("/keyed", "wrong" * 8)
    lines = eventually(lambda: len(events(logged.ctx)) == 2 and events(logged.ctx), "two events")
    by_status = {line["status"]: line for line in lines}
    good, bad = by_status["200"], by_status["403"]
    assert good["requestId"] == served.headers["x-amzn-RequestId"]
    assert good["extendedRequestId"] == served.headers["x-amz-apigw-id"]
    assert (good["keyId"], good["path"], good["stage"]) == (key_id, "/keyed", "prod")
    assert int(good["length"]) == len(served.content)
    assert int(good["latency"]) >= int(good["integrationLatency"]) >= 0
    assert (good["error"], good["unknown"]) == ("-", "-")
    assert bad["extendedRequestId"] == refused.headers["x-amz-apigw-id"]
    assert (bad["keyId"], bad["error"], bad["integrationLatency"]) == ("-", "Forbidden", "-")
    assert value not in json.dumps(lines)


def test_a_missing_group_is_not_made_and_harms_no_request(logged: Api) -> None:
    _key_id, value, _plan = logged.key()
    log_to(logged, "/not/there")
    assert logged.post("/keyed", value).status_code == 200
    log_to(logged, GROUP)
    assert logged.post("/keyed", value).status_code == 200
    assert eventually(lambda: events(logged.ctx), "the event after the missing group's")
    groups = logged.ctx.client("logs").describe_log_groups(logGroupNamePrefix="/not")["logGroups"]
    assert groups == []
