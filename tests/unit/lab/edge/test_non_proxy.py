from __future__ import annotations

import json
import typing as t

import pytest

from lab.edge.address import Address
from lab.edge.client_request import ClientRequest
from lab.edge.errors import GatewayError
from lab.edge.non_proxy import integration_body, method_response, mock_status
from lab.edge.reply import Reply

VARIABLES = {"requestId": "r-1", "identity.sourceIp": "127.0.0.1"}


def client(body: bytes = b"", **headers: str) -> ClientRequest:
    given = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return ClientRequest("POST", Address("ab12", "prod", "/v1", None), "q=7", given, "127.0.0.1", {"id": "a%20b"}, body)


def body_of(integration: dict[str, t.Any], request: ClientRequest) -> str:
    return integration_body(integration, request, VARIABLES, {"env": "prod"}).decode()


def test_a_template_sees_all_of_api_gateways_variables() -> None:
    template = (
        "#set($m = $input.path('$.model'))"
        '{"model":"$m","all":$input.json(\'$\'),"id":"$input.params(\'id\')","q":"$input.params().querystring.q",'
        '"request":"$context.requestId","ip":"$context.identity.sourceIp","env":"$stageVariables.env",'
        '"escaped":"$util.escapeJavaScript($input.path(\'$.text\'))"#if($m == "m"),"is_m":true#end}'
    )
    request = client(b'{"model": "m", "text": "say \\"hi\\""}')
    made = json.loads(body_of({"requestTemplates": {"application/json": template}}, request))
    assert made == {
        "model": "m",
        "all": {"model": "m", "text": 'say "hi"'},
        "id": "a b",
        "q": "7",
        "request": "r-1",
        "ip": "127.0.0.1",
        "env": "prod",
        "escaped": 'say "hi"',
        "is_m": True,
    }


@pytest.mark.parametrize(
    ("behaviour", "templates", "passes"),
    [
        ("WHEN_NO_MATCH", {"application/json": "x"}, True),
        ("WHEN_NO_TEMPLATES", {}, True),
        ("WHEN_NO_TEMPLATES", {"application/json": "x"}, False),
        ("NEVER", {}, False),
    ],
)
def test_a_body_without_a_template_passes_as_the_integration_says(
    behaviour: str, templates: dict[str, str], passes: bool
) -> None:
    integration = {"passthroughBehavior": behaviour, "requestTemplates": templates}
    request = client(b"words", content_type="text/plain")
    if passes:
        assert body_of(integration, request) == "words"
    else:
        with pytest.raises(GatewayError) as caught:
            body_of(integration, request)
        assert caught.value.response_type == "UNSUPPORTED_MEDIA_TYPE"


def test_a_mock_needs_a_status_code() -> None:
    assert mock_status(b'{"statusCode": 204}') == "204"
    for body in (b"", b"[]", b"{}", b"no json"):
        with pytest.raises(GatewayError):
            mock_status(body)


RESPONSES = {
    "200": {
        "statusCode": "200",
        "responseParameters": {"method.response.header.x-from": "integration.response.header.X-Backend"},
        "responseTemplates": {"application/json": "{\"seen\": $input.json('$.a')}"},
    },
    "502": {"statusCode": "502", "selectionPattern": "5\\d{2}", "responseTemplates": {"text/plain": "broken"}},
}


def test_the_status_selects_the_integration_response() -> None:
    backend = Reply(200, [("x-backend", "b")], b'{"a": [1]}')
    good = method_response({"integrationResponses": RESPONSES}, backend, client(), VARIABLES, {})
    assert (good.status, json.loads(good.body)) == (200, {"seen": [1]})
    assert dict(good.headers) == {"x-from": "b", "Content-Type": "application/json"}
    bad = method_response({"integrationResponses": RESPONSES}, Reply(503, []), client(), VARIABLES, {})
    assert (bad.status, bad.body, dict(bad.headers)) == (502, b"broken", {"Content-Type": "text/plain"})


def test_no_matching_response_and_no_default_is_a_configuration_error() -> None:
    only = {"502": RESPONSES["502"]}
    with pytest.raises(GatewayError) as caught:
        method_response({"integrationResponses": only}, Reply(200, []), client(), VARIABLES, {})
    assert caught.value.response_type == "API_CONFIGURATION_ERROR"
