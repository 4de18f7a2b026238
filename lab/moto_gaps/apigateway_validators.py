"""Request validators and gateway responses: moto has no default gateway responses and loses patches."""

from __future__ import annotations

import typing as t

from lab.control.call import Call
from lab.control.operations import replaces
from lab.moto_gaps import apigateway_patches as patches
from lab.moto_gaps.apigateway_store import Api, Document, api_of, bad_request, given, new_id, not_found, page

# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
DEFAULT_STATUS: dict[str, str | None] = {
    "ACCESS_DENIED": "403",
    "API_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_FAILURE": "500",
    "BAD_REQUEST_BODY": "400",
    "BAD_REQUEST_PARAMETERS": "400",
    "DEFAULT_4XX": None,
    "DEFAULT_5XX": None,
    "EXPIRED_TOKEN": "403",
    "INTEGRATION_FAILURE": "504",
    "INTEGRATION_TIMEOUT": "504",
    "INVALID_API_KEY": "403",
    "INVALID_SIGNATURE": "403",
    "MISSING_AUTHENTICATION_TOKEN": "403",
    "QUOTA_EXCEEDED": "429",
    "REQUEST_TOO_LARGE": "413",
    "RESOURCE_NOT_FOUND": "404",
    "THROTTLED": "429",
    "UNAUTHORIZED": "401",
    "UNSUPPORTED_MEDIA_TYPE": "415",
    "WAF_FILTERED": "403",
}


def apply() -> None:
    on = lambda name, handler: replaces("apigateway", name)(handler)  # noqa: E731
    on("CreateRequestValidator", create_validator)
    on("GetRequestValidator", lambda call, params: validator_of(api_of(call, params), params))
    on("GetRequestValidators", lambda call, params: page(api_of(call, params).validators.values(), params))
    on("UpdateRequestValidator", update_validator)
    on("DeleteRequestValidator", delete_validator)
    on("PutGatewayResponse", put_gateway_response)
    on("GetGatewayResponse", lambda call, params: gateway_response_of(api_of(call, params), params["responseType"]))
    on("GetGatewayResponses", get_gateway_responses)
    on("UpdateGatewayResponse", update_gateway_response)
    on("DeleteGatewayResponse", delete_gateway_response)


def create_validator(call: Call, params: Document) -> Document:
    return add_validator(api_of(call, params), params)


def add_validator(api: Api, wanted: Document) -> Document:
    validator: Document = {
        "id": new_id(6),
        "name": wanted.get("name") or "",
        "validateRequestBody": bool(wanted.get("validateRequestBody")),
        "validateRequestParameters": bool(wanted.get("validateRequestParameters")),
    }
    api.validators[validator["id"]] = validator
    return validator


def validator_of(api: Api, params: Document) -> Document:
    if params["requestValidatorId"] not in api.validators:
        raise not_found("Request Validator")
    return api.validators[params["requestValidatorId"]]


def update_validator(call: Call, params: Document) -> Document:
    validator = validator_of(api_of(call, params), params)
    scalars: dict[str, patches.Convert] = {
        "name": patches.text,
        "validateRequestBody": patches.flag,
        "validateRequestParameters": patches.flag,
    }
    patches.apply(validator, params.get("patchOperations") or [], scalars, {})
    return validator


def delete_validator(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    validator = validator_of(api, params)
    used = any(
        method.get("requestValidatorId") == validator["id"]
        for resource in api.resources.values()
        for method in resource.get("resourceMethods", {}).values()
    )
    if used:
        raise bad_request("Cannot delete a request validator that is referenced by a method")
    del api.validators[validator["id"]]
    return {}


def put_gateway_response(call: Call, params: Document) -> Document:
    return set_gateway_response(api_of(call, params), params["responseType"], params)


def set_gateway_response(api: Api, kind: str, wanted: Document) -> Document:
    if kind not in DEFAULT_STATUS:
        raise bad_request(f"Invalid gateway response type specified: {kind}")
    for name in wanted.get("responseParameters") or {}:
        if not name.startswith("gatewayresponse.header."):
            raise bad_request(f"Invalid response parameter specified: {name}")
    response: Document = {
        "responseType": kind,
        "responseParameters": {},
        "responseTemplates": {},
        "defaultResponse": False,
        **given(wanted, "responseParameters", "responseTemplates"),
    }
    status = wanted.get("statusCode") or DEFAULT_STATUS[kind]
    if status:
        response["statusCode"] = str(status)
    api.gateway_responses[kind] = response
    return response


def gateway_response_of(api: Api, kind: str) -> Document:
    """What was customised, or what API Gateway generates without customisation."""
    if kind not in DEFAULT_STATUS:
        raise not_found("gateway response type")
    if kind in api.gateway_responses:
        return api.gateway_responses[kind]
    generated: Document = {
        "responseType": kind,
        "responseParameters": {},
        "responseTemplates": {"application/json": '{"message":$context.error.messageString}'},
        "defaultResponse": True,
    }
    if DEFAULT_STATUS[kind]:
        generated["statusCode"] = DEFAULT_STATUS[kind]
    return generated


def get_gateway_responses(call: Call, params: Document) -> Document:
    """All types, customised or not; AWS does not page this collection."""
    api = api_of(call, params)
    return {"items": [gateway_response_of(api, kind) for kind in DEFAULT_STATUS]}


def update_gateway_response(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    changed = dict(gateway_response_of(api, params["responseType"]))
    for name in ("responseParameters", "responseTemplates"):
        changed[name] = dict(changed[name])
    maps: dict[str, patches.Convert] = {"responseParameters": patches.text, "responseTemplates": patches.text}
    patches.apply(changed, params.get("patchOperations") or [], {"statusCode": patches.text}, maps)
    return set_gateway_response(api, params["responseType"], changed)


def delete_gateway_response(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    if params["responseType"] not in api.gateway_responses:
        raise not_found("gateway response type")
    del api.gateway_responses[t.cast(str, params["responseType"])]
    return {}
