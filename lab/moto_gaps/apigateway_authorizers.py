"""Authorizers: moto looks for the REST API in its own store, and takes any function and any period.

Only those that the lab's edge runs can be made: functions that see the request (type REQUEST).
https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html
"""

from __future__ import annotations

import re

from lab.control.call import Call
from lab.control.operations import replaces
from lab.moto_gaps import apigateway_patches as patches
from lab.moto_gaps.apigateway_store import Api, Document, api_of, bad_request, conflict, given, new_id, not_found, page

_URI = re.compile(r"arn:[\w-]+:apigateway:[\w-]+:lambda:path/2015-03-31/functions/(arn:[^/]+|\$\{[^/]+)/invocations")
_SOURCE = re.compile(r"(method\.request\.(header|querystring)|context|stageVariables)\.[\w.$-]+")
_DEFAULT_TTL = 300
_LONGEST_TTL = 3600
_FIELDS = ("type", "authorizerUri", "authorizerCredentials", "identitySource", "identityValidationExpression")


def apply() -> None:
    on = lambda name, handler: replaces("apigateway", name)(handler)  # noqa: E731
    on("CreateAuthorizer", create)
    on("GetAuthorizer", lambda call, params: authorizer_of(api_of(call, params), params))
    on("GetAuthorizers", lambda call, params: page(api_of(call, params).authorizers.values(), params))
    on("UpdateAuthorizer", update)
    on("DeleteAuthorizer", delete)


def create(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    if any(known["name"] == params["name"] for known in api.authorizers.values()):
        raise conflict(
            "Authorizer name must be unique. Authorizer " + params["name"] + " already exists in this RestApi."
        )
    return set_by_name(api, params["name"], params)


def set_by_name(api: Api, name: str, wanted: Document) -> Document:
    """As an import does: one of this name becomes what is wanted and keeps its id."""
    known = next((one for one in api.authorizers.values() if one["name"] == name), None)
    authorizer: Document = {
        "id": known["id"] if known else new_id(6),
        "name": name,
        "authType": "custom",
        "authorizerResultTtlInSeconds": _DEFAULT_TTL,
        **given(wanted, *_FIELDS),
    }
    authorizer["type"] = str(wanted.get("type") or "").upper()
    if wanted.get("authorizerResultTtlInSeconds") is not None:
        authorizer["authorizerResultTtlInSeconds"] = int(wanted["authorizerResultTtlInSeconds"])
    _check(authorizer)
    api.authorizers[authorizer["id"]] = authorizer
    return authorizer


def _check(authorizer: Document) -> None:
    if authorizer["type"] not in {"REQUEST", "TOKEN", "COGNITO_USER_POOLS"}:
        raise bad_request("Invalid authorizer type specified. Must be one of: TOKEN, REQUEST, COGNITO_USER_POOLS")
    if authorizer["type"] != "REQUEST":
        raise NotImplementedError(f"authorizers of type {authorizer['type']}")
    if not _URI.fullmatch(authorizer.get("authorizerUri") or ""):
        raise bad_request(
            f"Invalid Authorizer URI: {authorizer.get('authorizerUri')}. "
            "Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation."
        )
    ttl = authorizer["authorizerResultTtlInSeconds"]
    if not 0 <= ttl <= _LONGEST_TTL:
        raise bad_request("Authorizer result TTL must be between 0 and 3600 seconds")
    sources = [one.strip() for one in (authorizer.get("identitySource") or "").split(",") if one.strip()]
    if ttl and not sources:
        raise bad_request("Identity source is required when caching is enabled")
    for source in sources:
        if not _SOURCE.fullmatch(source):
            raise bad_request(f"Invalid identity source mapping expression specified: {source}")


def authorizer_of(api: Api, params: Document) -> Document:
    if params["authorizerId"] not in api.authorizers:
        raise not_found("Authorizer")
    return api.authorizers[str(params["authorizerId"])]


def update(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    changed = dict(authorizer_of(api, params))
    scalars: dict[str, patches.Convert] = {
        **dict.fromkeys(("name", *_FIELDS), patches.text),
        "authorizerResultTtlInSeconds": patches.whole,
    }
    patches.apply(changed, params.get("patchOperations") or [], scalars, {})
    _check(changed)
    api.authorizers[changed["id"]] = changed
    return changed


def delete(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    authorizer = authorizer_of(api, params)
    for resource in api.resources.values():
        for verb, method in resource.get("resourceMethods", {}).items():
            if method.get("authorizerId") == authorizer["id"]:
                where = f"{verb} {resource['path']}"
                raise conflict(f"Cannot delete authorizer '{authorizer['name']}', is referenced in method: {where}")
    del api.authorizers[authorizer["id"]]
    return {}
