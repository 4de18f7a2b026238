"""API keys: moto lets `/value` be patched away silently, forgets plan attachments of a deleted key, and never pages."""

from __future__ import annotations

import re
import secrets
import string

from lab.control.call import Call
from lab.control.operations import replaces
from lab.moto_gaps import apigateway_patches as patches
from lab.moto_gaps.apigateway_store import (
    Document,
    Store,
    bad_request,
    conflict,
    given,
    new_id,
    not_found,
    now,
    of,
    page,
)

# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
_VALUE = re.compile(r"^[a-zA-Z0-9]{20,128}$")
_GENERATED_LENGTH = 40
_PATHS = ["/customerId", "/description", "/enabled", "/labels", "/name", "/stages"]


def apply() -> None:
    on = lambda name, handler: replaces("apigateway", name)(handler)  # noqa: E731
    on("CreateApiKey", create)
    on("GetApiKey", get)
    on("GetApiKeys", list_keys)
    on("UpdateApiKey", update)
    on("DeleteApiKey", delete)


def create(call: Call, params: Document) -> Document:
    regional = of(call)
    value = params.get("value") or _generate()
    if not _VALUE.match(value):
        raise bad_request("API Key value should be at least 20 characters and at most 128, all of them alphanumeric")
    if any(known["value"] == value for known in regional.keys.values()):
        raise conflict("API Key already exists")
    key: Document = {
        "id": new_id(),
        "value": value,
        "enabled": bool(params.get("enabled")),
        "createdDate": now(),
        "lastUpdatedDate": now(),
        "stageKeys": [],
        "tags": dict(params.get("tags") or {}),
        **given(params, "name", "description", "customerId"),
    }
    regional.keys[key["id"]] = key
    return key


def _generate() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(_GENERATED_LENGTH))


def key_of(regional: Store, key_id: str) -> Document:
    if key_id not in regional.keys:
        raise not_found("API Key")
    return regional.keys[key_id]


def without_value(key: Document) -> Document:
    return {name: member for name, member in key.items() if name != "value"}


def get(call: Call, params: Document) -> Document:
    key = key_of(of(call), params["apiKey"])
    return key if params.get("includeValue") else without_value(key)


def list_keys(call: Call, params: Document) -> Document:
    keys = [
        key
        for key in of(call).keys.values()
        if key.get("name", "").startswith(params.get("nameQuery") or "")
        and (not params.get("customerId") or key.get("customerId") == params["customerId"])
    ]
    return page(keys if params.get("includeValues") else map(without_value, keys), params)


def update(call: Call, params: Document) -> Document:
    key = key_of(of(call), params["apiKey"])
    changed = dict(key)
    for operation in params.get("patchOperations") or []:
        # A value cannot be changed: a rotation makes a new key.
        if operation.get("path") not in _PATHS:
            raise patches.refuse(operation, _PATHS)
        if operation["path"] in {"/labels", "/stages"}:
            raise NotImplementedError(f"patch of {operation['path']}")
        scalars: dict[str, patches.Convert] = {
            "name": patches.text,
            "description": patches.text,
            "customerId": patches.text,
            "enabled": patches.flag,
        }
        patches.apply(changed, [operation], scalars, {})
    changed["lastUpdatedDate"] = now()
    of(call).keys[params["apiKey"]] = changed
    return without_value(changed)


def delete(call: Call, params: Document) -> Document:
    regional = of(call)
    key_of(regional, params["apiKey"])
    del regional.keys[params["apiKey"]]
    for attached in regional.plan_keys.values():
        if params["apiKey"] in attached:
            attached.remove(params["apiKey"])
    return {}
