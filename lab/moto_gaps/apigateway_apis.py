"""REST APIs: moto drops binaryMediaTypes and most patches, deletes an unknown API with a KeyError, and never pages."""

from __future__ import annotations

import json

from lab.context import ACCOUNT_ID
from lab.control.call import Call
from lab.control.operations import replaces
from lab.moto_gaps import apigateway_patches as patches
from lab.moto_gaps.apigateway_store import Api, Document, api_of, bad_request, given, new_id, now, of, page

_KEY_SOURCES = {"HEADER", "AUTHORIZER"}
_ENDPOINT_TYPES = {"EDGE", "REGIONAL", "PRIVATE"}


def apply() -> None:
    replaces("apigateway", "CreateRestApi")(create)
    replaces("apigateway", "GetRestApi")(lambda call, params: api_of(call, params).info)
    replaces("apigateway", "GetRestApis")(lambda call, params: page((a.info for a in of(call).apis.values()), params))
    replaces("apigateway", "UpdateRestApi")(update)
    replaces("apigateway", "DeleteRestApi")(delete)


def create(call: Call, params: Document) -> Document:
    if not params.get("name", "").strip():
        raise bad_request("Invalid API name specified")
    regional = of(call)
    api = new_api(params)
    if api.info.get("policy"):
        api.info["policy"] = stored_policy(call, api.info["id"], api.info["policy"])
    if params.get("cloneFrom"):
        raise NotImplementedError("cloneFrom")
    regional.apis[api.info["id"]] = api
    return api.info


def new_api(params: Document) -> Api:
    root = new_id()
    info: Document = {
        "id": new_id(),
        "createdDate": now(),
        "apiKeySource": params.get("apiKeySource") or "HEADER",
        "endpointConfiguration": {"ipAddressType": "ipv4", **(params.get("endpointConfiguration") or {})},
        "disableExecuteApiEndpoint": bool(params.get("disableExecuteApiEndpoint")),
        "tags": dict(params.get("tags") or {}),
        "rootResourceId": root,
        **given(
            params, "name", "description", "version", "binaryMediaTypes", "minimumCompressionSize", "policy",
            "securityPolicy", "endpointAccessMode",
        ),
    }  # fmt: skip
    info["endpointConfiguration"].setdefault("types", ["EDGE"])
    check(info)
    return Api(info, resources={root: {"id": root, "path": "/"}})


def check(info: Document) -> None:
    if info["apiKeySource"] not in _KEY_SOURCES:
        raise bad_request(f"Invalid API key source: {info['apiKeySource']}")
    types = info["endpointConfiguration"]["types"]
    if len(types) != 1 or types[0] not in _ENDPOINT_TYPES:
        raise bad_request("Only one endpoint type is allowed, and it is EDGE, REGIONAL or PRIVATE")
    size = info.get("minimumCompressionSize")
    if size is not None and not 0 <= size <= 10485760:
        raise bad_request("Invalid minimum compression size, must be between 0 and 10485760")


def update(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    changed = {**api.info, "endpointConfiguration": dict(api.info["endpointConfiguration"])}
    plain = []
    for operation in params.get("patchOperations") or []:
        parts = patches.segments(operation.get("path") or "")
        if parts[0] == "binaryMediaTypes":
            _media_type(changed, operation, parts)
        elif parts[:2] == ["endpointConfiguration", "types"] and operation["op"] == "replace":
            changed["endpointConfiguration"]["types"] = [patches.value_of(operation)]
        else:
            plain.append(operation)
    patches.apply(
        changed,
        plain,
        {
            "name": patches.text,
            "description": patches.text,
            "policy": patches.text,
            "apiKeySource": patches.text,
            "minimumCompressionSize": patches.whole,
            "disableExecuteApiEndpoint": patches.flag,
        },
        {},
    )
    check(changed)
    if not changed.get("policy"):
        changed.pop("policy", None)
    elif changed["policy"] != api.info.get("policy"):
        changed["policy"] = stored_policy(call, params["restApiId"], changed["policy"])
    api.info = changed
    return changed


def stored_policy(call: Call, api_id: str, text: str) -> str:
    """As AWS keeps and shows it: with the ARN of the API for a short resource, and its quotes escaped.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html
    """
    try:
        document = json.loads(text)
        statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
        for statement in statements:
            listed = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            arn = f"arn:aws:execute-api:{call.region}:{ACCOUNT_ID}:{api_id}/"
            found = [
                arn + each.removeprefix("execute-api:/") if each.startswith("execute-api:/") else each
                for each in listed
            ]
            statement["Resource"] = found[0] if len(found) == 1 else found
    except (ValueError, KeyError, TypeError):
        raise bad_request(
            "Invalid policy document. Please check the policy syntax and ensure that Principals are valid."
        ) from None
    return json.dumps(document, separators=(",", ":")).replace('"', '\\"')


def _media_type(info: Document, operation: Document, parts: list[str]) -> None:
    """`add /binaryMediaTypes/image~1png`: the type is in the path."""
    kinds = list(info.get("binaryMediaTypes") or [])
    if len(parts) != 2 or operation["op"] not in {"add", "remove", "replace"}:
        raise patches.refuse(operation, ["/binaryMediaTypes/{media_type}"])
    kind = parts[1]
    if operation["op"] == "add" and kind not in kinds:
        kinds.append(kind)
    elif operation["op"] == "remove":
        kinds = [kept for kept in kinds if kept != kind]
    elif operation["op"] == "replace":
        kinds = [patches.value_of(operation) if kept == kind else kept for kept in kinds]
    info["binaryMediaTypes"] = kinds


def delete(call: Call, params: Document) -> Document:
    api_of(call, params)
    regional = of(call)
    del regional.apis[params["restApiId"]]
    for plan in regional.plans.values():
        plan["apiStages"] = [stage for stage in plan["apiStages"] if stage["apiId"] != params["restApiId"]]
    return {}
