from __future__ import annotations

import typing as t

import pytest

from lab.edge.address import Address
from lab.edge.client_request import ClientRequest
from lab.edge.errors import GatewayError
from lab.edge.validation import validate

REQUIRED = {
    "method.request.header.x-llm-user": True,
    "method.request.header.x-llm-source": True,
    "method.request.header.x-request-id": False,
    "method.request.querystring.page": True,
}
BOTH = {"validateRequestParameters": True, "validateRequestBody": True}
MODELS: dict[str, dict[str, t.Any]] = {
    "Chat": {
        "type": "object",
        "required": ["model"],
        "properties": {
            "message": {"$ref": "https://apigateway.amazonaws.com/restapis/ab12/models/Message"},
        },
    },
    "Message": {"type": "object", "properties": {"role": {"type": "string"}}},
}


def client(headers: dict[str, str], query: str = "", body: bytes = b"") -> ClientRequest:
    address = Address("ab12", "prod", "/v1", None)
    return ClientRequest("POST", address, query, list(headers.items()), "127.0.0.1", body=body)


def refusal(method: dict[str, t.Any], validator: dict[str, bool], request: ClientRequest) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        validate(method, validator, request, MODELS)
    return caught.value


def test_missing_and_blank_parameters_are_named_in_order() -> None:
    error = refusal({"requestParameters": REQUIRED}, BOTH, client({"x-llm-user": "  "}, "page="))
    assert error.response_type == "BAD_REQUEST_PARAMETERS"
    assert error.message == "Missing required request parameters: [x-llm-source, x-llm-user, page]"


def test_upper_case_headers_of_http_1_clients_count() -> None:
    validate({"requestParameters": REQUIRED}, BOTH, client({"X-LLM-USER": "a", "X-Llm-Source": "b"}, "page=1"), {})


def test_only_what_the_validator_names_is_validated() -> None:
    method = {"requestParameters": REQUIRED, "requestModels": {"application/json": "Chat"}}
    validate(method, {"validateRequestParameters": False, "validateRequestBody": False}, client({}), MODELS)
    error = refusal(method, {"validateRequestParameters": False, "validateRequestBody": True}, client({}))
    assert (error.response_type, error.message) == ("BAD_REQUEST_BODY", "Invalid request body")
    assert error.validation == "['model' is a required property]"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"not json", "[the body is not valid JSON]"),
        (b'{"model": "m", "message": {"role": 1}}', "[1 is not of type 'string']"),
    ],
)
def test_bodies_that_do_not_follow_their_model(body: bytes, fault: str) -> None:
    method = {"requestModels": {"application/json": "Chat"}}
    assert (
        refusal(method, BOTH, client({"content-type": "application/json; charset=utf-8"}, body=body)).validation
        == fault
    )


def test_a_body_that_follows_its_model_or_has_none_passes() -> None:
    method = {"requestModels": {"application/json": "Chat"}}
    validate(method, BOTH, client({}, body=b'{"model": "m", "message": {"role": "user"}}'), MODELS)
    validate(method, BOTH, client({"content-type": "text/plain"}, body=b"words"), MODELS)
