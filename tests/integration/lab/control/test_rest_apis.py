"""REST APIs: OpenAPI documents, deployments as snapshots, stages, usage plans, keys."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
from helpers import refused

from lab.context import LabContext
from lab.moto_gaps.apigateway_deployments import snapshot

DOCUMENT: dict[str, t.Any] = {
    "openapi": "3.0.1",
    "info": {"title": "llm", "description": "d", "version": "1"},
    "x-amazon-apigateway-binary-media-types": ["image/png"],
    "x-amazon-apigateway-request-validators": {
        "headers": {"validateRequestBody": False, "validateRequestParameters": True}
    },
    "x-amazon-apigateway-gateway-responses": {
        "THROTTLED": {
            "statusCode": 429,
            "responseParameters": {"gatewayresponse.header.Retry-After": "'1'"},
            "responseTemplates": {"application/json": "{}"},
        }
    },
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}}},
    "paths": {
        "/v1/models": {
            "get": {
                "operationId": "models",
                "security": [{"key": []}],
                "x-amazon-apigateway-request-validator": "headers",
                "parameters": [{"in": "header", "name": "x-llm-user", "required": True}],
                "responses": {"200": {"description": "ok"}},
                "x-amazon-apigateway-integration": {
                    "type": "http_proxy",
                    "httpMethod": "GET",
                    "uri": "http://host:8000/v1/models",
                    "responseTransferMode": "STREAM",
                    "timeoutInMillis": 900000,
                    "requestParameters": {
                        "integration.request.header.x-llm-key-id": "context.identity.apiKeyId",
                        "integration.request.header.x-llm-user": "method.request.header.x-llm-user",
                    },
                },
            }
        },
        "/ping": {
            "get": {
                "responses": {"200": {"description": "ok"}},
                "x-amazon-apigateway-integration": {
                    "type": "mock",
                    "requestTemplates": {"application/json": '{"statusCode": 200}'},
                    "responses": {"default": {"statusCode": "200"}},
                },
            }
        },
    },
}


@pytest.fixture
def gateway(lab: LabContext) -> t.Any:
    return lab.client("apigateway")


def imported(gateway: t.Any, document: dict[str, t.Any] | None = None) -> str:
    body = json.dumps(document or DOCUMENT).encode()
    api = gateway.import_rest_api(body=body, parameters={"endpointConfigurationTypes": "REGIONAL"})
    return str(api["id"])


def methods_of(gateway: t.Any, api_id: str) -> dict[str, t.Any]:
    resources = gateway.get_resources(restApiId=api_id, embed=["methods"])["items"]
    return {r["path"]: r["resourceMethods"]["GET"] for r in resources if "resourceMethods" in r}


def test_an_import_takes_the_document_over(gateway: t.Any) -> None:
    api_id = imported(gateway)
    api = gateway.get_rest_api(restApiId=api_id)
    assert (api["name"], api["description"], api["binaryMediaTypes"]) == ("llm", "d", ["image/png"])
    assert api["endpointConfiguration"]["types"] == ["REGIONAL"]
    methods = methods_of(gateway, api_id)
    models, ping = methods["/v1/models"], methods["/ping"]
    assert (models["apiKeyRequired"], ping["apiKeyRequired"]) == (True, False)
    assert models["requestParameters"] == {"method.request.header.x-llm-user": True}
    validator = gateway.get_request_validator(restApiId=api_id, requestValidatorId=models["requestValidatorId"])
    assert validator["validateRequestParameters"] is True
    integration = models["methodIntegration"]
    assert (integration["type"], integration["responseTransferMode"]) == ("HTTP_PROXY", "STREAM")
    assert integration["timeoutInMillis"] == 900000
    assert integration["requestParameters"]["integration.request.header.x-llm-key-id"] == "context.identity.apiKeyId"
    assert ping["methodIntegration"]["integrationResponses"]["200"]["statusCode"] == "200"
    throttled = gateway.get_gateway_response(restApiId=api_id, responseType="THROTTLED")
    assert (throttled["defaultResponse"], throttled["statusCode"]) == (False, "429")
    assert gateway.get_gateway_response(restApiId=api_id, responseType="QUOTA_EXCEEDED")["defaultResponse"] is True


def test_merge_keeps_and_overwrite_removes_what_a_document_lacks(gateway: t.Any) -> None:
    api_id = imported(gateway)
    smaller = copy.deepcopy(DOCUMENT)
    del smaller["paths"]["/ping"]
    del smaller["x-amazon-apigateway-gateway-responses"]
    gateway.put_rest_api(restApiId=api_id, mode="merge", body=json.dumps(smaller))
    assert set(methods_of(gateway, api_id)) == {"/v1/models", "/ping"}
    gateway.put_rest_api(restApiId=api_id, mode="overwrite", body=json.dumps(smaller))
    assert set(methods_of(gateway, api_id)) == {"/v1/models"}
    assert gateway.get_gateway_response(restApiId=api_id, responseType="THROTTLED")["defaultResponse"] is True


def test_swagger_is_read_too(gateway: t.Any) -> None:
    document = {
        "swagger": "2.0",
        "info": {"title": "old", "version": "1"},
        "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        "paths": {"/a": {"get": {**DOCUMENT["paths"]["/ping"]["get"], "security": [{"key": []}]}}},
    }
    assert methods_of(gateway, imported(gateway, document))["/a"]["apiKeyRequired"] is True


def changed(**integration: t.Any) -> str:
    document = copy.deepcopy(DOCUMENT)
    document["paths"]["/v1/models"]["get"]["x-amazon-apigateway-integration"].update(integration)
    return json.dumps(document)


@pytest.mark.parametrize(
    "body",
    [
        "{broken",
        "[]",
        '{"openapi": "3.0.1", "paths": {}}',
        '{"openapi": "3.0.1", "info": {"title": "a"}}',
        changed(responseTransferMode="BUFFERED"),
        changed(timeoutInMillis=900001),
        changed(uri="no-endpoint"),
        changed(type="nonsense"),
        changed(connectionType="VPC_LINK", connectionId="unknown"),
        changed(requestParameters={"integration.request.header.a": "method.request.header.undeclared"}),
        json.dumps({**DOCUMENT, "x-amazon-apigateway-request-validator": "nobody"}).replace('"headers"}', '"x"}'),
        json.dumps({**DOCUMENT, "x-amazon-apigateway-gateway-responses": {"TEAPOT": {}}}),
    ],
)
def test_a_bad_document_is_refused_and_changes_nothing(gateway: t.Any, body: str) -> None:
    api_id = imported(gateway)
    before = methods_of(gateway, api_id)
    assert refused(gateway.put_rest_api, restApiId=api_id, mode="overwrite", body=body) == "BadRequestException"
    assert methods_of(gateway, api_id) == before


def test_warnings_fail_an_import_only_when_asked_to(gateway: t.Any) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["paths"]["/ping"]["get"]["security"] = [{"nobody": []}]
    body = json.dumps(document)
    assert gateway.import_rest_api(body=body)["warnings"]
    assert refused(gateway.import_rest_api, body=body, failOnWarnings=True) == "BadRequestException"


def test_a_deployment_is_a_snapshot(lab: LabContext, gateway: t.Any) -> None:
    api_id = imported(gateway)
    first = gateway.create_deployment(restApiId=api_id, stageName="prod")["id"]
    resources = gateway.get_resources(restApiId=api_id)["items"]
    ping = next(r["id"] for r in resources if r["path"] == "/ping")
    gateway.delete_resource(restApiId=api_id, resourceId=ping)
    paths = {r["path"] for r in snapshot(lab.account_id, lab.region, api_id, first)["resources"]}
    assert "/ping" in paths
    second = gateway.create_deployment(restApiId=api_id)["id"]
    paths = {r["path"] for r in snapshot(lab.account_id, lab.region, api_id, second)["resources"]}
    assert "/ping" not in paths
    assert gateway.get_stage(restApiId=api_id, stageName="prod")["deploymentId"] == first
    assert refused(gateway.delete_deployment, restApiId=api_id, deploymentId=first) == "BadRequestException"
    gateway.delete_deployment(restApiId=api_id, deploymentId=second)


def test_what_cannot_be_deployed(gateway: t.Any) -> None:
    api = gateway.create_rest_api(name="empty")
    assert refused(gateway.create_deployment, restApiId=api["id"]) == "BadRequestException"
    gateway.put_method(
        restApiId=api["id"], resourceId=api["rootResourceId"], httpMethod="GET", authorizationType="NONE"
    )
    assert refused(gateway.create_deployment, restApiId=api["id"]) == "BadRequestException"


def test_resources_and_methods_are_there_once(gateway: t.Any) -> None:
    api = gateway.create_rest_api(name="a", binaryMediaTypes=["*/*"])
    place = {"restApiId": api["id"], "parentId": api["rootResourceId"]}
    gateway.create_resource(**place, pathPart="{a}")
    assert refused(gateway.create_resource, **place, pathPart="{a}") == "ConflictException"
    assert refused(gateway.create_resource, **place, pathPart="{b}") == "BadRequestException"
    method = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    assert refused(gateway.put_method, **method, authorizationType="NONE") == "ConflictException"
    patched = gateway.update_method(
        **method, patchOperations=[{"op": "replace", "path": "/apiKeyRequired", "value": "true"}]
    )
    assert patched["apiKeyRequired"] is True
    assert gateway.get_rest_api(restApiId=api["id"])["binaryMediaTypes"] == ["*/*"]


def test_an_integration_is_validated_and_updated(gateway: t.Any) -> None:
    api = gateway.create_rest_api(name="a")
    place = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "POST"}
    gateway.put_method(**place, authorizationType="NONE")
    proxy = {"type": "HTTP_PROXY", "integrationHttpMethod": "POST", "uri": "http://a/b"}
    gateway.put_integration(**place, **proxy, timeoutInMillis=29000)
    assert refused(gateway.put_integration, **place, **proxy, timeoutInMillis=30000) == "BadRequestException"
    assert (
        refused(gateway.put_integration, **place, **{**proxy, "type": "HTTP"}, responseTransferMode="STREAM")
        == "BadRequestException"
    )
    operations = [
        {"op": "replace", "path": "/responseTransferMode", "value": "STREAM"},
        {"op": "replace", "path": "/timeoutInMillis", "value": "900000"},
    ]
    updated = gateway.update_integration(**place, patchOperations=operations)
    assert (updated["responseTransferMode"], updated["timeoutInMillis"]) == ("STREAM", 900000)


def test_stage_settings_are_patched(lab: LabContext, gateway: t.Any) -> None:
    api_id = imported(gateway)
    gateway.create_deployment(restApiId=api_id, stageName="prod")
    stage = {"restApiId": api_id, "stageName": "prod"}
    logs = [
        {
            "op": "replace",
            "path": "/accessLogSettings/destinationArn",
            "value": f"arn:aws:logs:eu-central-1:{lab.account_id}:log-group:/aws/apigateway/x:*",
        },
        {"op": "replace", "path": "/accessLogSettings/format", "value": "$context.extendedRequestId"},
    ]
    assert refused(gateway.update_stage, **stage, patchOperations=logs) == "BadRequestException"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = lab.client("iam").create_role(RoleName="logs", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    set_role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
    missing = {**set_role, "value": role + "-not"}
    assert refused(gateway.update_account, patchOperations=[missing]) == "BadRequestException"
    gateway.update_account(patchOperations=[set_role])
    assert gateway.get_account()["cloudwatchRoleArn"] == role
    settings = gateway.update_stage(**stage, patchOperations=logs)["accessLogSettings"]
    assert settings["destinationArn"].endswith("log-group:/aws/apigateway/x")
    throttle = {"op": "replace", "path": "/~1v1~1models/GET/throttling/rateLimit", "value": "2.5"}
    patched = gateway.update_stage(**stage, patchOperations=[throttle])
    assert patched["methodSettings"]["~1v1~1models/GET"]["throttlingRateLimit"] == 2.5
    nonsense = [{"op": "replace", "path": "/nonsense", "value": "x"}]
    assert refused(gateway.update_stage, **stage, patchOperations=nonsense) == "BadRequestException"


def test_lists_come_in_pages(gateway: t.Any) -> None:
    for number in range(27):
        gateway.create_api_key(name=f"key-{number}")
    assert len(gateway.get_api_keys()["items"]) == 25
    pages = gateway.get_paginator("get_api_keys").paginate()
    assert len({key["id"] for page in pages for key in page["items"]}) == 27
    assert refused(gateway.get_api_keys, limit=501) == "BadRequestException"


def test_a_key_keeps_its_value(gateway: t.Any) -> None:
    key = gateway.create_api_key(name="client", enabled=True, tags={"a": "b"})
    assert "value" not in gateway.get_api_key(apiKey=key["id"])
    assert gateway.get_api_key(apiKey=key["id"], includeValue=True)["value"] == key["value"]
    with pytest.raises(gateway.exceptions.BadRequestException) as caught:
        gateway.update_api_key(
            apiKey=key["id"], patchOperations=[{"op": "replace", "path": "/value", "value": "x" * 20}]
        )
    assert str(caught.value).endswith(
        "Invalid patch path  '/value' specified for op 'replace'. "
        "Must be one of: [/customerId, /description, /enabled, /labels, /name, /stages]"
    )
    disable = [{"op": "replace", "path": "/enabled", "value": "false"}]
    assert gateway.update_api_key(apiKey=key["id"], patchOperations=disable)["enabled"] is False
    assert refused(gateway.create_api_key, name="same", value=key["value"]) == "ConflictException"
    assert refused(gateway.create_api_key, name="short", value="short") == "BadRequestException"


def planned(gateway: t.Any) -> tuple[str, str]:
    api_id = imported(gateway)
    gateway.create_deployment(restApiId=api_id, stageName="prod")
    plan = gateway.create_usage_plan(
        name="plan",
        apiStages=[{"apiId": api_id, "stage": "prod"}],
        throttle={"rateLimit": 5.5, "burstLimit": 10},
        quota={"limit": 5000, "period": "DAY"},
    )
    return api_id, str(plan["id"])


def patch(gateway: t.Any, plan_id: str, op: str, path: str, value: str | None = None) -> t.Any:
    operation = {"op": op, "path": path, **({} if value is None else {"value": value})}
    return gateway.update_usage_plan(usagePlanId=plan_id, patchOperations=[operation])


def test_usage_plan_limits_are_patched(gateway: t.Any) -> None:
    _api_id, plan_id = planned(gateway)
    assert patch(gateway, plan_id, "replace", "/throttle/rateLimit", "9.5")["throttle"]["rateLimit"] == 9.5
    assert patch(gateway, plan_id, "add", "/productCode", "p")["productCode"] == "p"
    assert patch(gateway, plan_id, "replace", "/quota/limit", "7")["quota"]["limit"] == 7
    assert "throttle" not in patch(gateway, plan_id, "remove", "/throttle")
    assert "quota" not in patch(gateway, plan_id, "remove", "/quota")
    assert gateway.get_usage_plan(usagePlanId=plan_id)["name"] == "plan"


def test_method_throttles_are_patched(gateway: t.Any) -> None:
    api_id, plan_id = planned(gateway)
    base = f"/apiStages/{api_id}:prod/throttle"

    def throttles(plan: t.Any) -> t.Any:
        return plan["apiStages"][0].get("throttle")

    one = patch(gateway, plan_id, "replace", f"{base}/~1v1~1models/GET/rateLimit", "2")
    assert throttles(one) == {"/v1/models/GET": {"rateLimit": 2.0}}
    whole = json.dumps({"/a/POST": {"rateLimit": 1, "burstLimit": 2}, "/b/GET": {"rateLimit": 3}})
    assert set(throttles(patch(gateway, plan_id, "replace", base, whole))) == {"/a/POST", "/b/GET"}
    assert set(throttles(patch(gateway, plan_id, "remove", f"{base}/~1a/POST"))) == {"/b/GET"}
    assert throttles(patch(gateway, plan_id, "remove", base)) is None
    assert patch(gateway, plan_id, "remove", "/apiStages", f"{api_id}:prod")["apiStages"] == []
    assert patch(gateway, plan_id, "add", "/apiStages", f"{api_id}:prod")["apiStages"][0]["stage"] == "prod"


@pytest.mark.parametrize(
    ("op", "path", "value"),
    [
        ("replace", "/throttle/burstLimit", "-1"),
        ("replace", "/throttle/burstLimit", "1.5"),
        ("replace", "/quota/limit", "0"),
        ("replace", "/quota/offset", "3"),
        ("replace", "/nonsense", "x"),
    ],
)
def test_a_bad_patch_of_a_plan_changes_nothing(gateway: t.Any, op: str, path: str, value: str) -> None:
    _api_id, plan_id = planned(gateway)
    before = gateway.get_usage_plan(usagePlanId=plan_id)
    operations = [
        {"op": "replace", "path": "/name", "value": "new"},
        {"op": op, "path": path, "value": value},
    ]
    code = refused(gateway.update_usage_plan, usagePlanId=plan_id, patchOperations=operations)
    assert code == "BadRequestException"
    assert gateway.get_usage_plan(usagePlanId=plan_id)["name"] == before["name"]


def test_plans_know_their_stages_and_keys(gateway: t.Any) -> None:
    api_id, plan_id = planned(gateway)
    stages = [{"apiId": api_id, "stage": "nope"}]
    assert refused(gateway.create_usage_plan, name="b", apiStages=stages) == "NotFoundException"
    key = gateway.create_api_key(name="k", enabled=True)["id"]
    attach = {"keyId": key, "keyType": "API_KEY"}
    gateway.create_usage_plan_key(usagePlanId=plan_id, **attach)
    assert refused(gateway.create_usage_plan_key, usagePlanId=plan_id, **attach) == "ConflictException"
    other = gateway.create_usage_plan(name="o", apiStages=[{"apiId": api_id, "stage": "prod"}])["id"]
    assert refused(gateway.create_usage_plan_key, usagePlanId=other, **attach) == "ConflictException"
    assert [plan["id"] for plan in gateway.get_usage_plans(keyId=key)["items"]] == [plan_id]
    assert refused(gateway.delete_usage_plan, usagePlanId=plan_id) == "BadRequestException"
    gateway.delete_api_key(apiKey=key)
    assert gateway.get_usage_plan_keys(usagePlanId=plan_id)["items"] == []


def test_everything_can_be_tagged(gateway: t.Any) -> None:
    api_id, plan_id = planned(gateway)
    key = gateway.create_api_key(name="k")["id"]
    for path in (f"restapis/{api_id}", f"restapis/{api_id}/stages/prod", f"usageplans/{plan_id}", f"apikeys/{key}"):
        arn = f"arn:aws:apigateway:eu-central-1::/{path}"
        gateway.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
        gateway.untag_resource(resourceArn=arn, tagKeys=["a"])
        assert gateway.get_tags(resourceArn=arn)["tags"] == {"b": "2"}
    nobody = "arn:aws:apigateway:eu-central-1::/apikeys/nobody"
    assert refused(gateway.get_tags, resourceArn=nobody) == "NotFoundException"
