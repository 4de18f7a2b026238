from __future__ import annotations

import copy
import json
import typing as t

import pytest

NAME = "central-llm-rest-api"
PATH = "/v1/chat/completions"
INTEGRATION = "x-amazon-apigateway-integration"


def definition() -> dict[str, t.Any]:
    return {
        "openapi": "3.0.1",
        "info": {"title": "whatever", "version": "1", "description": "Chat for everybody"},
        "x-amazon-apigateway-request-validators": {
            "headers": {"validateRequestParameters": True, "validateRequestBody": False}
        },
        "x-amazon-apigateway-gateway-responses": {
            "THROTTLED": {
                "statusCode": 429,
                "responseParameters": {"gatewayresponse.header.Retry-After": "'1'"},
                "responseTemplates": {"application/json": '{"error": {"type": "rate_limit_exceeded"}}'},
            }
        },
        "components": {
            "securitySchemes": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
            "parameters": {
                "user": {"name": "x-llm-user", "in": "header", "required": True, "schema": {"type": "string"}}
            },
            "schemas": {"Chat": {"type": "object", "required": ["model"], "properties": {"model": {"type": "string"}}}},
        },
        "paths": {
            PATH: {
                "post": {
                    "security": [{"api_key": []}],
                    "x-amazon-apigateway-request-validator": "headers",
                    "parameters": [{"$ref": "#/components/parameters/user"}],
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Chat"}}}},
                    "responses": {"200": {"description": "A completion"}},
                    INTEGRATION: {
                        "type": "http_proxy",
                        "httpMethod": "POST",
                        "uri": f"http://backend.example.com:8000{PATH}",
                        "responseTransferMode": "STREAM",
                        "timeoutInMillis": 900000,
                        "requestParameters": {"integration.request.header.x-llm-key-id": "context.identity.apiKeyId"},
                    },
                }
            },
            "/health": {
                "get": {
                    "responses": {"200": {"description": "Alive"}},
                    INTEGRATION: {
                        "type": "mock",
                        "requestTemplates": {"application/json": '{"statusCode": 200}'},
                        "responses": {"default": {"statusCode": "200"}},
                    },
                }
            },
        },
    }


@pytest.fixture
def rest_api(run_module: t.Any) -> t.Any:
    return run_module("api_gateway_rest_api")


@pytest.fixture
def apigateway(lab: t.Any) -> t.Any:
    return lab.client("apigateway")


def method_of(apigateway: t.Any, api_id: str, path: str = PATH, method: str = "POST") -> dict[str, t.Any]:
    for resource in apigateway.get_resources(restApiId=api_id, embed=["methods"], limit=500)["items"]:
        if resource["path"] == path:
            return resource.get("resourceMethods", {}).get(method, {})
    return {}


def named(apigateway: t.Any, name: str = NAME) -> list[dict[str, t.Any]]:
    return [api for api in apigateway.get_rest_apis(limit=500)["items"] if api["name"] == name]


def test_create_and_create_again(rest_api: t.Any, apigateway: t.Any) -> None:
    options = {"name": NAME, "definition": definition(), "tags": {"central-llm:stack": "central-llm"}}
    outcome = rest_api.predicted(**options)
    assert outcome.changed
    (api,) = named(apigateway)
    assert api["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert api["description"] == "Chat for everybody"
    assert api["tags"] == {"central-llm:stack": "central-llm"}
    method = method_of(apigateway, api["id"])
    assert method["apiKeyRequired"] is True
    assert method["requestParameters"] == {"method.request.header.x-llm-user": True}
    assert method["methodIntegration"]["responseTransferMode"] == "STREAM"
    assert method["methodIntegration"]["timeoutInMillis"] == 900000
    responses = apigateway.get_gateway_responses(restApiId=api["id"])["items"]
    assert [one["statusCode"] for one in responses if not one["defaultResponse"]] == ["429"]
    again = rest_api.settled(**options)
    assert again["rest_api"] == outcome["rest_api"]
    assert again["rest_api"]["fingerprint"].startswith("sha256:")
    assert again["differences"] == []


def test_check_mode_creates_nothing(rest_api: t.Any, apigateway: t.Any, faults: t.Any) -> None:
    faults.forget_calls()
    assert rest_api.ok(check=True, name=NAME, definition=definition()).changed
    assert set(faults.calls()) <= {"GetRestApis"}
    assert named(apigateway) == []


def test_only_a_difference_is_imported(rest_api: t.Any, faults: t.Any) -> None:
    rest_api.ok(name=NAME, definition=definition())
    faults.forget_calls()
    rest_api.ok(name=NAME, definition=definition())
    assert "PutRestApi" not in faults.calls()
    assert "UpdateRestApi" not in faults.calls()


def change_timeout(document: dict[str, t.Any]) -> None:
    document["paths"][PATH]["post"][INTEGRATION]["timeoutInMillis"] = 60000


def change_uri(document: dict[str, t.Any]) -> None:
    document["paths"][PATH]["post"][INTEGRATION]["uri"] = "http://backend.example.com:8001/v1"


def drop_the_key(document: dict[str, t.Any]) -> None:
    del document["paths"][PATH]["post"]["security"]


def drop_the_validator(document: dict[str, t.Any]) -> None:
    del document["paths"][PATH]["post"]["x-amazon-apigateway-request-validator"]


def drop_the_mapping(document: dict[str, t.Any]) -> None:
    del document["paths"][PATH]["post"][INTEGRATION]["requestParameters"]


def drop_the_streaming(document: dict[str, t.Any]) -> None:
    integration = document["paths"][PATH]["post"][INTEGRATION]
    del integration["responseTransferMode"], integration["timeoutInMillis"]


def change_a_parameter(document: dict[str, t.Any]) -> None:
    document["components"]["parameters"]["user"]["required"] = False


def change_the_validator(document: dict[str, t.Any]) -> None:
    document["x-amazon-apigateway-request-validators"]["headers"]["validateRequestBody"] = True


def change_the_model(document: dict[str, t.Any]) -> None:
    document["components"]["schemas"]["Chat"]["required"] = ["model", "messages"]


def change_a_gateway_response(document: dict[str, t.Any]) -> None:
    document["x-amazon-apigateway-gateway-responses"]["THROTTLED"]["responseParameters"] = {
        "gatewayresponse.header.Retry-After": "'2'"
    }


def add_a_path(document: dict[str, t.Any]) -> None:
    document["paths"]["/v1/models"] = copy.deepcopy({"get": document["paths"]["/health"]["get"]})


def describe_it(document: dict[str, t.Any]) -> None:
    document["info"]["description"] = "Something else"


def pass_bytes_on(document: dict[str, t.Any]) -> None:
    document["x-amazon-apigateway-binary-media-types"] = ["audio/wav"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (change_timeout, f"POST {PATH} integration timeoutInMillis"),
        (change_uri, f"POST {PATH} integration uri"),
        (drop_the_key, f"POST {PATH} apiKeyRequired"),
        (drop_the_validator, f"POST {PATH} requestValidator"),
        (drop_the_mapping, f"POST {PATH} integration requestParameters"),
        (drop_the_streaming, f"POST {PATH} integration responseTransferMode"),
        (change_a_parameter, f"POST {PATH} requestParameters"),
        (change_the_validator, "request validator headers validateRequestBody"),
        (change_the_model, "model Chat required"),
        (change_a_gateway_response, "gateway response THROTTLED responseParameters"),
        (add_a_path, "GET /v1/models"),
        (describe_it, "description"),
        (pass_bytes_on, "binaryMediaTypes"),
    ],
)
def test_one_thing_changes(rest_api: t.Any, change: t.Any, where: str) -> None:
    before = rest_api.ok(name=NAME, definition=definition())["rest_api"]
    changed = definition()
    change(changed)
    outcome = rest_api.predicted(name=NAME, definition=changed)
    assert outcome.changed
    assert any(difference.startswith(where) for difference in outcome["differences"]), outcome["differences"]
    assert (outcome["rest_api"]["fingerprint"] == before["fingerprint"]) is (change is describe_it)
    rest_api.settled(name=NAME, definition=changed)


def test_what_somebody_changed_by_hand_is_set_right(rest_api: t.Any, apigateway: t.Any) -> None:
    api_id = rest_api.ok(name=NAME, definition=definition())["rest_api"]["id"]
    resources = apigateway.get_resources(restApiId=api_id, limit=500)["items"]
    resource_id = next(one["id"] for one in resources if one["path"] == PATH)
    apigateway.update_method(
        restApiId=api_id,
        resourceId=resource_id,
        httpMethod="POST",
        patchOperations=[{"op": "replace", "path": "/apiKeyRequired", "value": "false"}],
    )
    assert rest_api.predicted(name=NAME, definition=definition()).changed
    assert method_of(apigateway, api_id)["apiKeyRequired"] is True


def test_foreign_methods_stay_unless_purged(rest_api: t.Any, apigateway: t.Any) -> None:
    larger = definition()
    add_a_path(larger)
    larger["x-amazon-apigateway-gateway-responses"]["QUOTA_EXCEEDED"] = {"statusCode": "429"}
    api_id = rest_api.ok(name=NAME, definition=larger)["rest_api"]["id"]
    rest_api.settled(name=NAME, definition=definition())
    assert method_of(apigateway, api_id, "/v1/models", "GET")
    outcome = rest_api.predicted(name=NAME, definition=definition(), purge=True)
    assert outcome["removed"] == ["GET /v1/models", "gateway response QUOTA_EXCEEDED"]
    assert not method_of(apigateway, api_id, "/v1/models", "GET")
    assert method_of(apigateway, api_id)["apiKeyRequired"] is True
    rest_api.settled(name=NAME, definition=definition(), purge=True)


def test_the_resource_policy_stays(rest_api: t.Any, apigateway: t.Any) -> None:
    statement = {"Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
    closed = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    statements = [{**statement, "Effect": "Allow"}, {**statement, "Effect": "Deny", "Condition": closed}]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    larger = definition()
    add_a_path(larger)
    api_id = rest_api.ok(name=NAME, definition=larger)["rest_api"]["id"]
    operation = {"op": "replace", "path": "/policy", "value": policy}
    stored = apigateway.update_rest_api(restApiId=api_id, patchOperations=[operation])["policy"]
    # An import that overwrites takes it away, unless it is in the document.
    assert rest_api.predicted(name=NAME, definition=definition(), purge=True)["removed"] == ["GET /v1/models"]
    assert named(apigateway)[0]["policy"] == stored
    rest_api.settled(name=NAME, definition=definition(), purge=True)
    # One that merges does not.
    rest_api.ok(name=NAME, definition=larger)
    assert named(apigateway)[0]["policy"] == stored


def test_an_interrupted_creation_is_finished(rest_api: t.Any, apigateway: t.Any, faults: t.Any) -> None:
    faults.add("apigateway", "PutRestApi", "AccessDeniedException", status=403)
    assert "apigateway:PUT" in rest_api.refused(name=NAME, definition=definition())
    (api,) = named(apigateway)
    assert rest_api.predicted(name=NAME, definition=definition()).changed
    assert [one["id"] for one in named(apigateway)] == [api["id"]]
    assert method_of(apigateway, api["id"])
    rest_api.settled(name=NAME, definition=definition())


def test_an_import_that_aws_does_not_take_fails_with_what_is_left(
    rest_api: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.central.llm.plugins.module_utils._apigateway import rest_apis

    real = rest_apis.import_definition

    def forgetful(client: t.Any, api_id: str, body: bytes, *, mode: str) -> None:
        """An import that drops a key without a word, as AWS does with those that it does not know."""
        real(
            client,
            api_id,
            body.replace(b'"responseTransferMode": "STREAM", "timeoutInMillis": 900000,', b""),
            mode=mode,
        )

    monkeypatch.setattr(rest_apis, "import_definition", forgetful)
    message = rest_api.refused(name=NAME, definition=definition())
    assert "did not take all of it" in message
    assert f"POST {PATH} integration responseTransferMode: should be 'STREAM', is 'BUFFERED'" in message


def test_without_a_definition_it_is_looked_up_and_tagged(rest_api: t.Any, apigateway: t.Any) -> None:
    made = rest_api.ok(name=NAME, definition=definition())["rest_api"]
    assert rest_api.settled(name=NAME)["rest_api"] == made
    assert rest_api.predicted(name=NAME, tags={"owner": "us"}).changed
    assert named(apigateway)[0]["tags"] == {"owner": "us"}
    assert rest_api.predicted(name=NAME, tags={"ours": "1"}, purge_tags=True).changed
    assert named(apigateway)[0]["tags"] == {"ours": "1"}
    assert method_of(apigateway, made["id"])


def test_several_of_a_name_are_refused_and_the_id_decides(rest_api: t.Any, apigateway: t.Any) -> None:
    ids = [apigateway.create_rest_api(name=NAME)["id"] for _ in range(2)]
    message = rest_api.refused(name=NAME, definition=definition())
    assert all(one in message for one in ids)
    assert rest_api.predicted(id=ids[1], name="renamed", definition=definition()).changed
    assert [one["id"] for one in named(apigateway)] == [ids[0]]
    assert method_of(apigateway, ids[1])
    assert "no REST API with the id" in rest_api.refused(id="nothere123", definition=definition())


def test_the_endpoint_type_changes_only_on_request(rest_api: t.Any, apigateway: t.Any) -> None:
    apigateway.create_rest_api(name=NAME, endpointConfiguration={"types": ["EDGE"]})
    rest_api.settled(name=NAME)
    assert rest_api.predicted(name=NAME, endpoint_type="REGIONAL").changed
    assert named(apigateway)[0]["endpointConfiguration"]["types"] == ["REGIONAL"]
    rest_api.settled(name=NAME, endpoint_type="REGIONAL")


def test_a_private_link_without_its_target_is_refused(rest_api: t.Any, faults: t.Any) -> None:
    private = definition()
    private["paths"][PATH]["post"][INTEGRATION].update(connectionType="VPC_LINK", connectionId="abc123")
    faults.forget_calls()
    assert "integrationTarget" in rest_api.refused(name=NAME, definition=private)
    assert set(faults.calls()) <= {"GetRestApis", "GetVpcLink"}
    # A link that is only predicted cannot be looked up.
    warnings = rest_api.ok(check=True, name=NAME, definition=private)["warnings"]
    assert any("abc123" in str(warning) for warning in warnings)


def test_a_route_through_a_private_link(rest_api: t.Any, apigateway: t.Any, lab: t.Any) -> None:
    ec2 = lab.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.7.0.0/24")["Subnet"]["SubnetId"]
    link_id = lab.client("apigatewayv2").create_vpc_link(Name="link", SubnetIds=[subnet_id])["VpcLinkId"]
    target = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/central-llm-nlb/0123456789abcdef"
    private = definition()
    integration = private["paths"][PATH]["post"][INTEGRATION]
    integration.update(connectionType="VPC_LINK", connectionId=link_id)
    assert "integrationTarget" in rest_api.refused(name=NAME, definition=private)
    assert named(apigateway) == []
    integration["integrationTarget"] = target
    outcome = rest_api.predicted(name=NAME, definition=private)
    there = method_of(apigateway, outcome["rest_api"]["id"])["methodIntegration"]
    assert (there["connectionType"], there["connectionId"]) == ("VPC_LINK", link_id)
    assert there["integrationTarget"] == target
    rest_api.settled(name=NAME, definition=private)
    integration["integrationTarget"] = target.replace("0123", "4567")
    assert rest_api.predicted(name=NAME, definition=private).changed
    rest_api.settled(name=NAME, definition=private)


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        ({"openapi": "3.1.0"}, "$.openapi"),
        ({"info": {"version": "1"}}, "$.info.title"),
        ({"paths": {"v1": {}}}, "$.paths.v1: a path must start"),
        ({"paths": {"/v1": {"fetch": {}}}}, '$.paths["/v1"].fetch'),
        ({"security": [{"api_key": []}]}, "$.security"),
    ],
)
def test_a_malformed_document_is_refused_before_any_call(
    rest_api: t.Any, faults: t.Any, broken: dict[str, t.Any], where: str
) -> None:
    faults.forget_calls()
    assert where in rest_api.refused(name=NAME, definition={**definition(), **broken})
    assert faults.calls() == []


def test_throttling_is_ridden_out(rest_api: t.Any, apigateway: t.Any, faults: t.Any) -> None:
    faults.add("apigateway", "CreateRestApi", "TooManyRequestsException", status=429, times=2)
    faults.add("apigateway", "PutRestApi", "TooManyRequestsException", status=429, times=2)
    assert rest_api.ok(name=NAME, definition=definition()).changed
    assert len(named(apigateway)) == 1


def test_delete_and_delete_again(rest_api: t.Any, apigateway: t.Any) -> None:
    rest_api.ok(name=NAME, definition=definition())
    assert rest_api.predicted(name=NAME, state="absent").changed
    assert named(apigateway) == []
    rest_api.settled(name=NAME, state="absent")
