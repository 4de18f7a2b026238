"""Lambda authorizers at the edge: functions that really run, and what their answers do to a request."""

from __future__ import annotations

import io
import json
import textwrap
import typing as t
import zipfile
from collections.abc import Iterator

import botocore.exceptions
import pytest
from edge_support import Api, Backend

from lab.context import LabContext
from lab.functions.plane import FunctionsPlane

REGION = "eu-central-1"
ACCOUNT = "123456789012"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
# Answers as its headers ask for.
CODE = """
    import json

    def handle(event, context):
        print(json.dumps(event))
        headers = {name.lower(): value for name, value in event["headers"].items()}
        if headers.get("x-do") == "unauthorized":
            raise Exception("Unauthorized")
        if headers.get("x-do") == "fail":
            raise ValueError("broken")
        if headers.get("x-do") == "nonsense":
            return {"principalId": "somebody"}
        if headers.get("x-do") == "nested":
            return {**answer("Allow", event), "context": {"a": {"b": 1}}}
        if headers.get("x-do") == "deny":
            return answer("Deny", event)
        if headers.get("x-do") == "other":
            return answer("Allow", {**event, "methodArn": event["methodArn"] + "/other"})
        return {**answer("Allow", event), "usageIdentifierKey": headers.get("x-key", "")}

    def answer(effect, event):
        statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": event["methodArn"]}
        return {
            "principalId": "somebody",
            "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "context": {"user": event["headers"].get("x-user", "-"), "count": 3, "sure": True},
        }
"""


@pytest.fixture(scope="module")
def functions(control: LabContext) -> Iterator[FunctionsPlane]:
    plane = FunctionsPlane()
    plane.start(control)
    yield plane
    plane.stop()


@pytest.fixture
def function_arn(lab: LabContext, functions: FunctionsPlane) -> str:
    iam = lab.client("iam")
    role = iam.create_role(RoleName="authorizer", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    rights = {"Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}], "Version": "2012-10-17"}
    iam.put_role_policy(RoleName="authorizer", PolicyName="log", PolicyDocument=json.dumps(rights))
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("handler.py", textwrap.dedent(CODE))
    made = lab.client("lambda").create_function(
        FunctionName="authorizer",
        Runtime="python3.13",
        Role=role,
        Handler="handler.handle",
        Timeout=10,
        Code={"ZipFile": code.getvalue()},
    )
    return t.cast(str, made["FunctionArn"])


def uri(function_arn: str) -> str:
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function_arn}/invocations"


def permit(api: Api, source: str = "*") -> None:
    api.ctx.client("lambda").add_permission(
        FunctionName="authorizer",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.api_id}/authorizers/{source}",
    )


def guard(api: Api, function_arn: str, backend: Backend, *, key: bool = False, **authorizer: t.Any) -> str:
    wanted: dict[str, t.Any] = {"type": "REQUEST", "authorizerResultTtlInSeconds": 0, **authorizer}
    made = api.client.create_authorizer(restApiId=api.api_id, name="own", authorizerUri=uri(function_arn), **wanted)
    api.proxy("/chat", backend.url + "/chat", apiKeyRequired=key)
    where = {"restApiId": api.api_id, "resourceId": api.resource("/chat"), "httpMethod": "POST"}
    change = [
        {"op": "replace", "path": "/authorizationType", "value": "CUSTOM"},
        {"op": "replace", "path": "/authorizerId", "value": made["id"]},
    ]
    api.client.update_method(**where, patchOperations=change)
    api.deploy()
    return t.cast(str, made["id"])


def test_the_function_sees_the_request_and_lets_it_through(api: Api, function_arn: str, backend: Backend) -> None:
    authorizer_id = guard(api, function_arn, backend)
    permit(api, authorizer_id)
    answer = api.post("/chat?a=1&a=2", headers={"x-user": "ann"}, data=b"secret prompt")
    assert answer.status_code == 200, answer.text
    logs = api.ctx.client("logs")
    lines = [event["message"] for event in logs.filter_log_events(logGroupName="/aws/lambda/authorizer")["events"]]
    event = json.loads(next(line for line in lines if line.startswith("{")))
    where = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.api_id}/prod/POST/chat"
    assert (event["type"], event["methodArn"], event["resource"]) == ("REQUEST", where, "/chat")
    assert event["queryStringParameters"] == {"a": "2"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    # "the request body" is not among what an authorizer gets
    assert "secret prompt" not in json.dumps(event)


@pytest.mark.parametrize(
    ("do", "status", "kind"),
    [
        ("unauthorized", 401, "UnauthorizedException"),
        ("deny", 403, "AccessDeniedException"),
        ("other", 403, "AccessDeniedException"),
        ("fail", 500, "InternalServerErrorException"),
        ("nonsense", 500, "InternalServerErrorException"),
        ("nested", 500, "InternalServerErrorException"),
    ],
)
def test_what_it_does_not_let_through(
    api: Api, function_arn: str, backend: Backend, do: str, status: int, kind: str
) -> None:
    guard(api, function_arn, backend)
    permit(api)
    answer = api.post("/chat", headers={"x-do": do})
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (status, kind)
    assert not backend.seen
    if do in ("deny", "other"):
        assert ("explicit deny" in answer.json()["message"]) == (do == "deny")


def test_a_function_that_the_api_may_not_invoke_lets_nobody_through(
    api: Api, function_arn: str, backend: Backend
) -> None:
    guard(api, function_arn, backend)
    assert api.post("/chat").status_code == 500
    permit(api, "another")
    assert api.post("/chat").status_code == 500
    assert not backend.seen


def test_the_key_that_it_finds_is_checked_against_the_plans(api: Api, function_arn: str, backend: Backend) -> None:
    change = [{"op": "replace", "path": "/apiKeySource", "value": "AUTHORIZER"}]
    api.client.update_rest_api(restApiId=api.api_id, patchOperations=change)
    guard(api, function_arn, backend, key=True)
    permit(api)
    _key_id, value, _plan = api.key({"quota": {"limit": 2, "period": "MONTH"}})
    said = [api.post("/chat", headers={"x-key": key}).status_code for key in ("", "wrong" * 8, value, value, value)]
    assert said == [403, 403, 200, 200, 429]
    # The header alone is no key any more.
    assert api.post("/chat", value).status_code == 403


def test_results_are_kept_as_long_as_they_may_be(api: Api, function_arn: str, backend: Backend) -> None:
    source = "method.request.header.x-user"
    guard(api, function_arn, backend, authorizerResultTtlInSeconds=300, identitySource=source)
    permit(api)
    assert api.post("/chat").status_code == 401
    assert api.post("/chat", headers={"x-user": "ann"}).status_code == 200
    # What it would say now does not count, as it is not asked; of another user it is.
    assert api.post("/chat", headers={"x-user": "ann", "x-do": "deny"}).status_code == 200
    assert api.post("/chat", headers={"x-user": "bob", "x-do": "deny"}).status_code == 403


@pytest.mark.parametrize(
    "wanted",
    [
        {"authorizerUri": "arn:aws:lambda:eu-central-1:123456789012:function:authorizer"},
        {"authorizerResultTtlInSeconds": 3601, "identitySource": "method.request.header.x"},
        {"authorizerResultTtlInSeconds": 300},
        {"identitySource": "header.x"},
        {"type": "SOMETHING"},
    ],
)
def test_an_authorizer_that_makes_no_sense_is_refused(api: Api, wanted: dict[str, t.Any]) -> None:
    good = {"type": "REQUEST", "authorizerUri": uri("arn:aws:lambda:eu-central-1:123456789012:function:x")}
    request = {"restApiId": api.api_id, "name": "own", "authorizerResultTtlInSeconds": 0, **good, **wanted}
    with pytest.raises((botocore.exceptions.ClientError, botocore.exceptions.ParamValidationError)):
        api.client.create_authorizer(**request)
    assert api.client.get_authorizers(restApiId=api.api_id)["items"] == []


def test_one_that_a_method_uses_stays(api: Api, function_arn: str, backend: Backend) -> None:
    authorizer_id = guard(api, function_arn, backend)
    with pytest.raises(api.client.exceptions.ConflictException, match="POST /chat"):
        api.client.delete_authorizer(restApiId=api.api_id, authorizerId=authorizer_id)
    change = [{"op": "replace", "path": "/authorizerResultTtlInSeconds", "value": "0"}]
    api.client.update_authorizer(restApiId=api.api_id, authorizerId=authorizer_id, patchOperations=change)
    where = {"restApiId": api.api_id, "resourceId": api.resource("/chat"), "httpMethod": "POST"}
    api.client.delete_method(**where)
    api.client.delete_authorizer(restApiId=api.api_id, authorizerId=authorizer_id)
    assert api.client.get_authorizers(restApiId=api.api_id)["items"] == []
