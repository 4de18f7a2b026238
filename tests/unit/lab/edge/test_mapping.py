from __future__ import annotations

import pytest

from lab.edge.address import Address
from lab.edge.client_request import ClientRequest
from lab.edge.errors import GatewayError
from lab.edge.mapping import integration_uri, map_request, proxied_headers, proxied_query, resolve

VARIABLES = {"extendedRequestId": "ext=", "identity.apiKeyId": "key1"}


def client(**changes: object) -> ClientRequest:
    request = ClientRequest(
        http_method="POST",
        address=Address("ab12", "prod", "/v1/a", None),
        query_string="a=1&b=x%20y&a=2",
        headers=[("x-llm-user", "ann"), ("X-Upper", "U"), ("x-api-key", "secret"), ("Accept", "*/*")],
        source_ip="127.0.0.9",
        path_parameters={"proxy": "c%2Fd/e"},
        body=b'{"model": "m", "messages": [{"role": "user"}], "n": 2}',
    )
    for name, value in changes.items():
        setattr(request, name, value)
    return request


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'static text'", "static text"),
        ("context.extendedRequestId", "ext="),
        ("context.identity.apiKeyId", "key1"),
        ("context.authorizer.none", None),
        ("stageVariables.env", "prod"),
        ("method.request.header.x-llm-user", "ann"),
        ("method.request.header.x-upper", None),  # mapping takes header names to the letter
        ("method.request.querystring.a", "2"),
        ("method.request.multivaluequerystring.a", "1,2"),
        ("method.request.querystring.b", "x y"),
        ("method.request.path.proxy", "c%2Fd/e"),
        ("method.request.body.model", "m"),
        ("method.request.body.messages[0].role", "user"),
        ("method.request.body.n", "2"),
        ("method.request.body.none", None),
    ],
)
def test_expressions(expression: str, value: str | None) -> None:
    assert resolve(expression, client(), VARIABLES, {"env": "prod"}) == value


def test_mapped_values_go_where_their_targets_say() -> None:
    mapped = map_request(
        {
            "integration.request.header.x-llm-key-id": "context.identity.apiKeyId",
            "integration.request.header.x-empty": "''",
            "integration.request.querystring.user": "method.request.header.x-llm-user",
            "integration.request.path.proxy": "method.request.path.proxy",
            "integration.request.path.text": "'a/b'",
        },
        client(),
        VARIABLES,
        {},
    )
    assert mapped.header == {"x-llm-key-id": "key1"}
    assert mapped.querystring == {"user": "ann"}
    assert mapped.path == {"proxy": "c%2Fd/e", "text": "a%2Fb"}


def test_a_uri_takes_its_parameters_from_mappings_only() -> None:
    uri = "http://${stageVariables.host}:8000/{proxy}"
    assert integration_uri(uri, {"proxy": "v1/x"}, {"host": "nlb"}) == "http://nlb:8000/v1/x"
    with pytest.raises(GatewayError) as caught:
        integration_uri(uri, {}, {"host": "nlb"})
    assert caught.value.response_type == "API_CONFIGURATION_ERROR"


def test_a_proxy_passes_headers_on_but_those_of_one_hop() -> None:
    headers = [("Connection", "close, X-Hop"), ("X-Hop", "1"), ("TE", "trailers"), ("Host", "h"), ("X-Kept", "k")]
    passed = dict(proxied_headers(client(headers=[*headers, ("X-Forwarded-For", "9.9.9.9")])))
    assert passed == {
        "X-Kept": "k",
        "X-Forwarded-For": "9.9.9.9, 127.0.0.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Port": "443",
    }


def test_a_proxy_passes_the_api_key_on_as_aws_does() -> None:
    assert dict(proxied_headers(client()))["x-api-key"] == "secret"


def test_the_query_string_is_kept_to_the_letter_unless_mapped() -> None:
    assert proxied_query(client(), {}) == "a=1&b=x%20y&a=2"
    assert proxied_query(client(), {"a": "3"}) == "b=x+y&a=3"
