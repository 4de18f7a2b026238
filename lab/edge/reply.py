"""An answer that is complete before the client gets its first byte."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from lab.edge.client_request import ClientRequest
from lab.edge.errors import RESPONSE_TYPES, GatewayError
from lab.edge.mapping import resolve
from lab.edge.variables import Variables, render


@dataclass(frozen=True)
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""


GatewayResponses = Mapping[str, Mapping[str, t.Any]]
"""The API's own gateway responses by type; those that AWS generates are not among them."""


def own_gateway_responses(items: t.Iterable[Mapping[str, t.Any]]) -> GatewayResponses:
    """GetGatewayResponses lists every type, the generated ones with defaultResponse=true."""
    return {item["responseType"]: item for item in items if not item.get("defaultResponse")}


def error_variables(error: GatewayError) -> Variables:
    return {
        "error.message": error.message,
        "error.messageString": json.dumps(error.message),  # "The quoted value of $context.error.message"
        "error.responseType": error.response_type,
        "error.validationErrorString": json.dumps(error.validation)[1:-1] if error.validation else "",
    }


def gateway_response(
    error: GatewayError,
    own: GatewayResponses,
    client: ClientRequest | None,
    variables: Variables,
    stage_variables: Mapping[str, str],
) -> Reply:
    """The answer to a request that cannot be served, in the API's words where it has any."""
    custom = _custom(error, own)
    status = int(custom.get("statusCode") or error.status)
    headers = [("x-amzn-ErrorType", error.kind.error_type)]
    for target, expression in (custom.get("responseParameters") or {}).items():
        value = resolve(expression, client, variables, stage_variables) if client else None
        if value:
            headers.append((target.removeprefix("gatewayresponse.header."), value))
    content_type, template = _template(custom.get("responseTemplates") or {}, client)
    body = render(
        template,
        variables,
        missing="",
        stage_variables=stage_variables,
        method_request=client.method_request if client else lambda _expression: None,
    )
    if not any(name.lower() == "content-type" for name, _value in headers):
        headers.append(("Content-Type", content_type))
    return Reply(status, headers, body.encode())


def _custom(error: GatewayError, own: GatewayResponses) -> Mapping[str, t.Any]:
    # "Customizing the default gateway response for 413 REQUEST_TOO_LARGE isn't currently supported."
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
    if error.response_type == "REQUEST_TOO_LARGE":
        return {}
    fallback = "DEFAULT_4XX" if RESPONSE_TYPES[error.response_type].status < 500 else "DEFAULT_5XX"
    return own.get(error.response_type) or own.get(fallback) or {}


def _template(templates: Mapping[str, str], client: ClientRequest | None) -> tuple[str, str]:
    """The template for what the client accepts; else the one for JSON, else the first."""
    if not templates:
        return "application/json", '{"message":$context.error.messageString}'
    accepted = ((client.header("accept") if client else None) or "").partition(",")[0].partition(";")[0].strip()
    for content_type in (accepted, "application/json", next(iter(templates))):
        if content_type in templates:
            return content_type, templates[content_type]
    raise AssertionError("the first of the templates is always there")
