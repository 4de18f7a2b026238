"""What HTTP and MOCK integrations share: request templates, and integration responses chosen by status."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Mapping

from lab.edge import vtl
from lab.edge.client_request import ClientRequest, json_path_text
from lab.edge.errors import GatewayError
from lab.edge.mapping import resolve
from lab.edge.reply import Reply
from lab.edge.variables import Variables

Integration = Mapping[str, t.Any]


def integration_body(
    integration: Integration, client: ClientRequest, variables: Variables, stage_variables: Mapping[str, str]
) -> bytes:
    """The client's body through the request template, or as the passthrough behaviour has it.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html
    """
    templates = integration.get("requestTemplates") or {}
    template = vtl.choose(templates, client.media_type())
    if template is not None:
        return vtl.merge(template, client, client.body, variables, stage_variables).encode()
    behaviour = integration.get("passthroughBehavior") or "WHEN_NO_MATCH"
    if behaviour == "NEVER" or (behaviour == "WHEN_NO_TEMPLATES" and templates):
        raise GatewayError("UNSUPPORTED_MEDIA_TYPE")
    return client.body


def mock_status(body: bytes) -> str:
    """A MOCK integration's status: the `statusCode` in what its request template makes."""
    try:
        status = json.loads(body or b"{}")["statusCode"]
    except (ValueError, KeyError, TypeError) as error:
        reason = "a MOCK integration's request template has to make a JSON object with a statusCode"
        raise GatewayError("API_CONFIGURATION_ERROR", reason=reason) from error
    return str(status)


def method_response(
    integration: Integration,
    backend: Reply,
    client: ClientRequest,
    variables: Variables,
    stage_variables: Mapping[str, str],
) -> Reply:
    """The backend's answer through the integration response that its status selects."""
    chosen = _select(integration.get("integrationResponses") or {}, str(backend.status))
    headers = []
    for target, expression in (chosen.get("responseParameters") or {}).items():
        value = _response_value(expression, backend, client, variables, stage_variables)
        if value:
            headers.append((target.removeprefix("method.response.header."), value))
    body, content_type = backend.body, "application/json"
    template = vtl.choose_response(chosen.get("responseTemplates") or {}, client.header("accept"))
    if template:
        content_type = template[0]
        # An empty template hands the body on as it is, which is how one is switched off.
        if template[1]:
            body = vtl.merge(template[1], client, backend.body, variables, stage_variables).encode()
    if not any(name.lower() == "content-type" for name, _value in headers):
        headers.append(("Content-Type", content_type))
    return Reply(int(chosen["statusCode"]), headers, body)


def _select(responses: Mapping[str, Mapping[str, t.Any]], status: str) -> Mapping[str, t.Any]:
    """By selectionPattern; the response without one is the default."""
    for response in responses.values():
        if response.get("selectionPattern") and re.fullmatch(response["selectionPattern"], status):
            return response
    unselective = [response for response in responses.values() if not response.get("selectionPattern")]
    for response in unselective:
        if response["statusCode"] == status:
            return response
    if not unselective:
        reason = f"no integration response matches status {status} and none is the default"
        raise GatewayError("API_CONFIGURATION_ERROR", reason=reason)
    return unselective[0]


def _response_value(
    expression: str, backend: Reply, client: ClientRequest, variables: Variables, stage_variables: Mapping[str, str]
) -> str | None:
    place, _dot, name = expression.removeprefix("integration.response.").partition(".")
    if not expression.startswith("integration.response."):
        return resolve(expression, client, variables, stage_variables)
    if place in ("header", "multivalueheader"):
        values = [value for key, value in backend.headers if key.lower() == name.lower()]
        return ",".join(values) if place == "multivalueheader" else (values[-1] if values else None)
    return json_path_text(backend.body, name) if name else backend.body.decode("utf-8", "replace")
