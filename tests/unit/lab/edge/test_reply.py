from __future__ import annotations

import json
import typing as t

import pytest

from lab.edge.address import Address
from lab.edge.client_request import ClientRequest
from lab.edge.errors import GatewayError
from lab.edge.reply import Reply, error_variables, gateway_response, own_gateway_responses

CLIENT = ClientRequest(
    "GET", Address("ab12", "prod", "/v1", None), "q=7", [("x-llm-user", "ann"), ("accept", "text/plain")], "127.0.0.1"
)


def answer(error: GatewayError, *own: dict[str, t.Any]) -> Reply:
    variables = {"requestId": "r-1", **error_variables(error)}
    return gateway_response(error, own_gateway_responses(own), CLIENT, variables, {"env": "prod"})


@pytest.mark.parametrize(
    ("response_type", "status", "message", "error_type"),
    [
        ("INVALID_API_KEY", 403, "Forbidden", "ForbiddenException"),
        ("MISSING_AUTHENTICATION_TOKEN", 403, "Missing Authentication Token", "MissingAuthenticationTokenException"),
        ("THROTTLED", 429, "Too Many Requests", "TooManyRequestsException"),
        ("QUOTA_EXCEEDED", 429, "Limit Exceeded", "LimitExceededException"),
        ("INTEGRATION_TIMEOUT", 504, "Endpoint request timed out", "InternalServerErrorException"),
    ],
)
def test_the_generated_answers(response_type: str, status: int, message: str, error_type: str) -> None:
    reply = answer(GatewayError(response_type))
    assert reply.status == status
    assert json.loads(reply.body) == {"message": message}
    assert ("x-amzn-ErrorType", error_type) in reply.headers
    assert ("Content-Type", "application/json") in reply.headers


def test_an_own_response_with_headers_and_a_template() -> None:
    own = {
        "responseType": "THROTTLED",
        "statusCode": "429",
        "responseParameters": {
            "gatewayresponse.header.Retry-After": "'1'",
            "gatewayresponse.header.x-request": "context.requestId",
            "gatewayresponse.header.x-user": "method.request.header.x-llm-user",
            "gatewayresponse.header.x-q": "method.request.querystring.q",
        },
        "responseTemplates": {
            "application/json": '{"error":{"message":$context.error.messageString,"is":"$context.error.responseType"}}'
        },
    }
    reply = answer(GatewayError("THROTTLED"), own)
    assert json.loads(reply.body) == {"error": {"message": "Too Many Requests", "is": "THROTTLED"}}
    expected = [("Retry-After", "1"), ("x-request", "r-1"), ("x-user", "ann"), ("x-q", "7")]
    assert [header for header in reply.headers if header in expected] == expected


def test_defaults_stand_in_for_types_without_a_response_of_their_own() -> None:
    four = {"responseType": "DEFAULT_4XX", "responseTemplates": {"text/plain": "four $stageVariables.env"}}
    five = {"responseType": "DEFAULT_5XX", "statusCode": "503", "responseTemplates": {"text/plain": "five"}}
    refused, failed = GatewayError("QUOTA_EXCEEDED"), GatewayError("INTEGRATION_FAILURE")
    assert (answer(refused, four, five).status, answer(refused, four, five).body) == (429, b"four prod")
    assert (answer(failed, four, five).status, answer(failed, four, five).body) == (503, b"five")


def test_generated_responses_in_the_listing_are_not_the_apis_own() -> None:
    generated = {"responseType": "THROTTLED", "defaultResponse": True, "responseTemplates": {"text/plain": "generated"}}
    assert json.loads(answer(GatewayError("THROTTLED"), generated).body) == {"message": "Too Many Requests"}


def test_an_oversized_request_is_answered_the_same_by_every_api() -> None:
    own = {"responseType": "DEFAULT_4XX", "statusCode": "418", "responseTemplates": {"text/plain": "own"}}
    assert answer(GatewayError("REQUEST_TOO_LARGE"), own).status == 413


def test_validation_errors_can_stand_inside_a_json_string() -> None:
    own = {
        "responseType": "BAD_REQUEST_BODY",
        "responseTemplates": {"application/json": '{"why":"$context.error.validationErrorString"}'},
    }
    reply = answer(GatewayError("BAD_REQUEST_BODY", validation='["model" is missing]'), own)
    assert json.loads(reply.body) == {"why": '["model" is missing]'}
