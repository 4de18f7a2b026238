"""What a client sees: routes, keys, limits, validation, mapping, gateway responses."""

from __future__ import annotations

import http.client
import socket
import typing as t
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import requests
from edge_support import Api, Backend, eventually, proxy


def test_a_request_reaches_its_backend_and_the_answer_its_client(api: Api, backend: Backend) -> None:
    api.proxy("/open", f"{backend.url}/target?fixed=1")
    api.deploy()
    answer = api.post("/open?a=1&b=x%20y", data=b"words", headers={"X-Client": "c", "Content-Type": "text/plain"})
    assert answer.status_code == 200
    echo = answer.json()
    assert (echo["method"], echo["path"], echo["body"]) == ("POST", "/target?fixed=1&a=1&b=x%20y", "words")
    assert echo["headers"]["x-client"] == "c"
    assert echo["headers"]["host"] == f"127.0.0.1:{backend.port}"
    assert echo["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert answer.headers["x-amzn-RequestId"]
    assert answer.headers["x-amz-apigw-id"]


@pytest.mark.parametrize("host", ["{}.execute-api.eu-central-1.amazonaws.com", "{}.execute-api.localhost"])
def test_the_host_header_names_the_api_too(api: Api, backend: Backend, host: str) -> None:
    api.proxy("/open", f"{backend.url}/target")
    api.deploy()
    url = f"{api.ctx.edge_url}/prod/open"
    answer = requests.post(url, headers={"Host": host.format(api.api_id)}, timeout=30)
    assert (answer.status_code, answer.json()["path"]) == (200, "/target")


def test_an_api_of_another_region_is_found(api: Api, backend: Backend) -> None:
    client = api.ctx.client("apigateway", "us-east-1")
    made = client.create_rest_api(name="far")
    where = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "POST"}
    client.put_method(**where, authorizationType="NONE")
    client.put_integration(**where, **proxy(f"{backend.url}/far"))
    client.create_deployment(restApiId=made["id"], stageName="prod")
    host = f"{made['id']}.execute-api.us-east-1.amazonaws.com"
    answer = requests.post(f"{api.ctx.edge_url}/prod/", headers={"Host": host}, timeout=30)
    assert answer.json()["path"] == "/far"
    wrong = f"{made['id']}.execute-api.eu-central-1.amazonaws.com"
    assert requests.post(f"{api.ctx.edge_url}/prod/", headers={"Host": wrong}, timeout=30).status_code == 403


def test_what_is_not_deployed_is_refused(api: Api, backend: Backend) -> None:
    api.proxy("/open", f"{backend.url}/target")
    api.deploy()
    for answer in (api.post("/none"), requests.get(api.url("/open"), timeout=30)):
        assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})
        assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
    other_stage = requests.post(api.url("/open").replace("/prod/", "/dev/"), timeout=30)
    host = "zzzzzzzzzz.execute-api.eu-central-1.amazonaws.com"
    no_api = requests.post(f"{api.ctx.edge_url}/prod/open", headers={"Host": host}, timeout=30)
    for answer in (other_stage, no_api, requests.get(f"{api.ctx.edge_url}/", timeout=30)):
        assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})


def test_the_deployed_snapshot_answers_not_the_draft(api: Api, backend: Backend) -> None:
    api.proxy("/open", f"{backend.url}/one")
    api.deploy()
    api.proxy("/later", f"{backend.url}/two")
    assert api.post("/later").status_code == 403
    api.deploy()
    assert api.post("/later").json()["path"] == "/two"


def test_keys_are_checked(api: Api, backend: Backend) -> None:
    api.proxy("/keyed", f"{backend.url}/target", apiKeyRequired=True)
    api.deploy()
    key_id, value, _plan = api.key()
    without_plan = api.client.create_api_key(name="loose", enabled=True)["value"]
    for key in (None, "wrong" * 8, without_plan):
        answer = api.post("/keyed", key)
        assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})
        assert answer.headers["x-amzn-ErrorType"] == "ForbiddenException"
    assert api.post("/keyed", value).status_code == 200
    enabled = [{"op": "replace", "path": "/enabled", "value": "false"}]
    api.client.update_api_key(apiKey=key_id, patchOperations=enabled)
    assert api.post("/keyed", value).status_code == 403
    api.client.update_api_key(apiKey=key_id, patchOperations=[{**enabled[0], "value": "true"}])
    assert api.post("/keyed", value).status_code == 200


def test_the_api_key_reaches_the_backend_unless_a_mapping_overwrites_it(api: Api, backend: Backend) -> None:
    cleared = {"integration.request.header.x-api-key": "'none'"}
    api.proxy("/passes", f"{backend.url}/target", apiKeyRequired=True)
    api.method("/cleared", proxy(f"{backend.url}/target", requestParameters=cleared), apiKeyRequired=True)
    api.deploy()
    _key_id, value, _plan = api.key()
    assert api.post("/passes", value).json()["headers"]["x-api-key"] == value
    assert api.post("/cleared", value).json()["headers"]["x-api-key"] == "none"


def test_a_greedy_route_with_mapped_parameters(api: Api, backend: Backend) -> None:
    mapping = {
        "integration.request.path.proxy": "method.request.path.proxy",
        "integration.request.header.x-key-id": "context.identity.apiKeyId",
        "integration.request.header.x-static": "'s'",
        "integration.request.header.x-gateway-id": "context.extendedRequestId",
    }
    integration = {**proxy(f"{backend.url}/base/{{proxy}}", requestParameters=mapping), "integrationHttpMethod": "ANY"}
    declared = {"method.request.path.proxy": True}
    api.method("/px/{proxy+}", integration, "ANY", apiKeyRequired=True, requestParameters=declared)
    api.deploy()
    key_id, value, _plan = api.key()
    forged = {"x-key-id": "forged", "X-Gateway-Id": "forged", "x-api-key": value}
    answer = requests.put(api.url("/px/a/b%2Fc?q=1"), headers=forged, timeout=30)
    echo = answer.json()
    assert (echo["method"], echo["path"]) == ("PUT", "/base/a/b%2Fc?q=1")
    assert echo["headers"]["x-static"] == "s"
    assert echo["headers"]["x-key-id"] == key_id
    assert echo["headers"]["x-gateway-id"] == answer.headers["x-amz-apigw-id"]


def test_required_headers_are_required(api: Api, backend: Backend) -> None:
    validator = api.client.create_request_validator(
        restApiId=api.api_id, name="headers", validateRequestParameters=True, validateRequestBody=False
    )
    required = {"method.request.header.x-llm-user": True, "method.request.header.x-llm-source": True}
    method = {"requestParameters": required, "requestValidatorId": validator["id"]}
    api.proxy("/val", f"{backend.url}/target", **method)
    api.deploy()
    refused = api.post("/val", headers={"x-llm-source": ""})
    assert refused.status_code == 400
    assert refused.json() == {"message": "Missing required request parameters: [x-llm-source, x-llm-user]"}
    assert not backend.seen
    address = urlsplit(api.url("/val"))
    upper = http.client.HTTPConnection(t.cast(str, address.hostname), address.port, timeout=30)
    upper.request("POST", address.path, headers={"X-LLM-SOURCE": "s", "X-LLM-USER": "u"})
    assert upper.getresponse().status == 200
    upper.close()
    assert {"X-LLM-SOURCE": "s", "X-LLM-USER": "u"}.items() <= backend.seen[0]["headers"].items()


def test_bodies_follow_their_model(api: Api, backend: Backend) -> None:
    schema = '{"type": "object", "required": ["model"]}'
    api.client.create_model(restApiId=api.api_id, name="Chat", contentType="application/json", schema=schema)
    validator = api.client.create_request_validator(
        restApiId=api.api_id, name="body", validateRequestBody=True, validateRequestParameters=False
    )
    method = {"requestModels": {"application/json": "Chat"}, "requestValidatorId": validator["id"]}
    api.proxy("/val", f"{backend.url}/target", **method)
    api.deploy()
    assert api.post("/val", json={}).json() == {"message": "Invalid request body"}
    assert api.post("/val", json={"model": "m"}).status_code == 200


def test_the_plan_throttles_each_key(api: Api, backend: Backend) -> None:
    api.proxy("/thr", f"{backend.url}/target", apiKeyRequired=True)
    api.client.put_gateway_response(
        restApiId=api.api_id,
        responseType="THROTTLED",
        statusCode="429",
        responseParameters={"gatewayresponse.header.Retry-After": "'7'"},
        responseTemplates={"application/json": '{"slow":"$context.error.responseType"}'},
    )
    api.deploy()
    # A token comes back every thousand seconds: no machine is slow enough for one to come back meanwhile.
    _key_id, value, plan_id = api.key({"throttle": {"rateLimit": 0.001, "burstLimit": 2}})
    assert api.statuses("/thr", value, 4) == [200, 200, 429, 429]
    refused = api.post("/thr", value)
    assert (refused.headers["Retry-After"], refused.json()) == ("7", {"slow": "THROTTLED"})
    assert refused.headers["x-amzn-ErrorType"] == "TooManyRequestsException"
    other = api.client.create_api_key(name="other", enabled=True)
    api.client.create_usage_plan_key(usagePlanId=plan_id, keyId=other["id"], keyType="API_KEY")
    assert api.statuses("/thr", other["value"], 3) == [200, 200, 429]


def test_a_throttle_set_by_a_patch_holds_with_the_next_request(api: Api, backend: Backend) -> None:
    api.proxy("/thr", f"{backend.url}/target", apiKeyRequired=True)
    api.deploy()
    _key_id, value, plan_id = api.key()
    assert api.statuses("/thr", value, 3) == [200, 200, 200]
    limits = {"/throttle/rateLimit": "0.001", "/throttle/burstLimit": "1"}
    operations = [{"op": "add", "path": path, "value": limit} for path, limit in limits.items()]
    api.client.update_usage_plan(usagePlanId=plan_id, patchOperations=operations)
    assert api.statuses("/thr", value, 3) == [200, 429, 429]
    api.client.update_usage_plan(usagePlanId=plan_id, patchOperations=[{"op": "remove", "path": "/throttle"}])
    assert api.statuses("/thr", value, 2) == [200, 200]


def test_a_method_of_a_plan_has_a_throttle_of_its_own(api: Api, backend: Backend) -> None:
    for path in ("/mth", "/thr"):
        api.proxy(path, f"{backend.url}/target", apiKeyRequired=True)
    api.deploy()
    plan = {"throttle": {"rateLimit": 0.001, "burstLimit": 3}}
    stage = {"throttle": {"/mth/POST": {"rateLimit": 0.001, "burstLimit": 1}}}
    _key_id, value, _plan = api.key(plan, stage)
    assert api.statuses("/mth", value, 3) == [200, 429, 429]
    assert api.statuses("/thr", value, 4) == [200, 200, 200, 429]


def test_the_stage_caps_all_keys_together(api: Api, backend: Backend) -> None:
    for path in ("/one", "/two"):
        api.proxy(path, f"{backend.url}/target", apiKeyRequired=True)
    api.deploy()
    settings = {
        "/*/*/throttling/rateLimit": "0.001",
        "/*/*/throttling/burstLimit": "3",
        "/~1two/POST/throttling/rateLimit": "0.001",
        "/~1two/POST/throttling/burstLimit": "1",
    }
    operations = [{"op": "replace", "path": path, "value": value} for path, value in settings.items()]
    api.client.update_stage(restApiId=api.api_id, stageName="prod", patchOperations=operations)
    _first, value, plan_id = api.key()
    second = api.client.create_api_key(name="second", enabled=True)
    api.client.create_usage_plan_key(usagePlanId=plan_id, keyId=second["id"], keyType="API_KEY")
    assert api.statuses("/one", value, 2) + api.statuses("/one", second["value"], 2) == [200, 200, 200, 429]
    assert api.statuses("/two", value, 1) + api.statuses("/two", second["value"], 1) == [200, 429]


def test_the_quota_ends(api: Api, backend: Backend) -> None:
    api.proxy("/quo", f"{backend.url}/target", apiKeyRequired=True)
    api.deploy()
    day = datetime.now(UTC).date()
    key_id, value, plan_id = api.key({"quota": {"limit": 2, "period": "MONTH"}})
    assert api.statuses("/quo", value, 4) == [200, 200, 429, 429]
    refused = api.post("/quo", value)
    assert refused.json() == {"message": "Limit Exceeded"}
    assert refused.headers["x-amzn-ErrorType"] == "LimitExceededException"
    span = {"startDate": day.isoformat(), "endDate": (day + timedelta(days=1)).isoformat()}
    used = api.client.get_usage(usagePlanId=plan_id, keyId=key_id, **span)["items"]
    assert (sum(count for count, _left in used[key_id]), used[key_id][-1][1]) == (2, 0)
    raised = [{"op": "replace", "path": "/quota/limit", "value": "3"}]
    api.client.update_usage_plan(usagePlanId=plan_id, patchOperations=raised)
    assert api.statuses("/quo", value, 2) == [200, 429]


def test_a_mock_answers_by_its_templates(api: Api) -> None:
    integration = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
    api.method("/healthz", integration, "GET")
    where = {"restApiId": api.api_id, "resourceId": api.resource("/healthz"), "httpMethod": "GET", "statusCode": "200"}
    api.client.put_method_response(**where, responseParameters={"method.response.header.x-env": False})
    api.client.put_integration_response(
        **where,
        responseParameters={"method.response.header.x-env": "'lab'"},
        responseTemplates={"application/json": '{"id": "$context.requestId", "path": "$context.resourcePath"}'},
    )
    api.deploy()
    answer = requests.get(api.url("/healthz"), headers={"x-amzn-RequestId": "mine"}, timeout=30)
    assert (answer.status_code, answer.json()) == (200, {"id": "mine", "path": "/healthz"})
    assert answer.headers["x-env"] == "lab"
    assert answer.headers["x-amzn-RequestId"] == "mine"
    assert answer.headers["x-amz-apigw-id"] != "mine"


def test_backend_errors_pass_through_a_proxy(api: Api, backend: Backend) -> None:
    api.proxy("/error", f"{backend.url}/error")
    api.deploy()
    answer = api.post("/error")
    assert (answer.status_code, answer.json()) == (503, {"error": {"message": "engine"}})
    assert answer.headers["x-amzn-Remapped-Server"] == "engine/1"


def test_failing_backends_are_gateway_timeouts(api: Api, backend: Backend) -> None:
    api.proxy("/refused", "http://127.0.0.1:1/")
    api.proxy("/broken", f"{backend.url}/broken")
    api.method("/slow", proxy(f"{backend.url}/slow", timeoutInMillis=100))
    api.deploy()
    for path in ("/refused", "/broken"):
        answer = api.post(path)
        assert (answer.status_code, answer.json()) == (504, {"message": "Network error communicating with endpoint"})
    answer = api.post("/slow")
    assert (answer.status_code, answer.json()) == (504, {"message": "Endpoint request timed out"})


def test_the_edge_calls_loopback_only(api: Api) -> None:
    api.proxy("/far", "http://192.0.2.1/")
    api.deploy()
    answer = api.post("/far")
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})


def test_payloads_have_limits(api: Api, backend: Backend) -> None:
    api.proxy("/open", f"{backend.url}/target")
    api.proxy("/large", f"{backend.url}/large")
    api.deploy()
    most = api.post("/open", data=b"x" * 10 * 1024 * 1024)
    assert (most.status_code, most.json()["length"]) == (200, 10 * 1024 * 1024)
    too_much = api.post("/open", data=(chunk for chunk in [b"x" * 1024 * 1024] * 10 + [b"x"]))
    assert too_much.status_code == 413
    assert api.post("/large").status_code == 500


def test_a_client_that_waits_to_send_its_body_is_told_to_go_on(api: Api, backend: Backend) -> None:
    api.proxy("/open", f"{backend.url}/target")
    api.deploy()
    address = urlsplit(api.url("/open"))
    head = f"POST {address.path} HTTP/1.1\r\nHost: edge\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(head.encode())
        reader = connection.makefile("rb")
        assert reader.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert reader.readline() == b"\r\n"
        connection.sendall(b"words")
        assert reader.readline() == b"HTTP/1.1 200 OK\r\n"
    assert backend.seen[0]["body"] == "words"


def test_a_warm_request_asks_the_control_plane_nothing(api: Api, backend: Backend) -> None:
    api.proxy("/keyed", f"{backend.url}/target", apiKeyRequired=True)
    api.deploy()
    _key_id, value, _plan = api.key()
    assert api.post("/keyed", value).status_code == 200
    calls = f"{api.ctx.endpoint_url}/_lab/calls"
    requests.delete(calls, timeout=30)
    assert api.statuses("/keyed", value, 3) == [200, 200, 200]
    assert requests.get(calls, timeout=30).json() == []
    api.client.update_api_key(apiKey=_key_id, patchOperations=[{"op": "replace", "path": "/name", "value": "n"}])
    assert api.post("/keyed", value).status_code == 200
    assert eventually(lambda: requests.get(calls, timeout=30).json(), "the edge reads again after a write")
