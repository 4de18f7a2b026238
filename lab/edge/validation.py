"""Basic request validation: required parameters that are there and not blank, bodies that follow their model.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping

import jsonschema
import referencing
import referencing.exceptions
import referencing.jsonschema

from lab.edge.client_request import ClientRequest
from lab.edge.errors import GatewayError

Schemas = Mapping[str, Mapping[str, t.Any]]
"""The API's models by name."""


def validate(
    method: Mapping[str, t.Any], validator: Mapping[str, t.Any], client: ClientRequest, models: Schemas
) -> None:
    """Raises what the gateway answers to a request that its method's validator does not let through."""
    if validator.get("validateRequestParameters"):
        missing = missing_parameters(method.get("requestParameters") or {}, client)
        if missing:
            message = f"Missing required request parameters: [{', '.join(missing)}]"
            raise GatewayError("BAD_REQUEST_PARAMETERS", message, validation=message)
    if validator.get("validateRequestBody"):
        faults = body_faults(method.get("requestModels") or {}, client, models)
        if faults:
            raise GatewayError("BAD_REQUEST_BODY", validation=f"[{', '.join(faults)}]")


def missing_parameters(declared: Mapping[str, bool], client: ClientRequest) -> list[str]:
    """The names of the required parameters that the client left out or blank.

    A header counts in any spelling, as in HTTP: AWS lower-cases names on HTTP/2, and a client on HTTP/1.1 that
    writes X-LLM-USER sends the same header. (Parameter mapping is stricter; see ClientRequest.method_request.)
    """
    missing = []
    for expression in sorted(name for name, required in declared.items() if required):
        place, _dot, name = expression.removeprefix("method.request.").partition(".")
        value = client.header(name) if place == "header" else client.method_request(expression)
        if not (value or "").strip():
            missing.append(name)
    return missing


def body_faults(request_models: Mapping[str, str], client: ClientRequest, models: Schemas) -> list[str]:
    """What the body's model says against it; nothing where no model is declared for the content type."""
    name = request_models.get(client.media_type()) or request_models.get("$default")
    if name is None or name not in models:
        return []
    try:
        document = json.loads(client.body or b"{}")
    except ValueError:
        return ["the body is not valid JSON"]
    # "API Gateway models are defined using JSON schema draft 4"
    checker = jsonschema.Draft4Validator(models[name], registry=_registry(models))
    return sorted(fault.message for fault in checker.iter_errors(document))


def _registry(models: Schemas) -> referencing.Registry:
    """Models refer to each other as https://apigateway.amazonaws.com/restapis/<api>/models/<name>."""

    def retrieve(uri: str) -> referencing.Resource:
        schema = models.get(uri.rpartition("/")[2])
        if schema is None:
            raise referencing.exceptions.NoSuchResource(uri)
        return referencing.jsonschema.DRAFT4.create_resource(dict(schema))

    return referencing.Registry(retrieve=retrieve)  # type: ignore[call-arg]
