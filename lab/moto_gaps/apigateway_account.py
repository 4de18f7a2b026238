"""The account's settings: moto takes any log role; AWS tries it out and refuses one it cannot assume."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

from lab.context import ACCOUNT_ID
from lab.control.call import Call
from lab.control.operations import backend, replaces
from lab.moto_gaps import apigateway_patches as patches
from lab.moto_gaps.apigateway_store import Document, bad_request, of

_ROLE = re.compile(rf"^arn:aws[\w-]*:iam::{ACCOUNT_ID}:role/(?:.*/)?(?P<name>[\w+=,.@-]+)$")


def apply() -> None:
    replaces("apigateway", "GetAccount")(lambda call, params: of(call).account)
    replaces("apigateway", "UpdateAccount")(update)


def update(call: Call, params: Document) -> Document:
    changed = dict(of(call).account)
    for operation in params.get("patchOperations") or []:
        path, verb = operation.get("path"), operation.get("op")
        if path == "/cloudwatchRoleArn" and verb in {"add", "replace"}:
            # An empty value takes the role away again.
            changed["cloudwatchRoleArn"] = operation.get("value") or None
        elif path == "/features" and verb == "add" and operation.get("value") == "UsagePlans":
            continue
        else:
            raise patches.refuse(operation, ["/cloudwatchRoleArn", "/features"])
    if changed.get("cloudwatchRoleArn") is None:
        changed.pop("cloudwatchRoleArn", None)
    elif not _lets_api_gateway_in(changed["cloudwatchRoleArn"]):
        raise bad_request("The role ARN does not have required permissions set to API Gateway")
    of(call).account = changed
    return changed


def _lets_api_gateway_in(role_arn: str) -> bool:
    found = _ROLE.match(role_arn)
    if found is None:
        raise bad_request("Invalid ARN specified in the request")
    role = next((role for role in backend("iam", "aws").roles.values() if role.name == found["name"]), None)
    if role is None:
        return False
    trust = role.assume_role_policy_document
    statements = (json.loads(unquote(trust)) if isinstance(trust, str) else trust).get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        services = (statement.get("Principal") or {}).get("Service", [])
        if statement.get("Effect") == "Allow" and "apigateway.amazonaws.com" in (
            services if isinstance(services, list) else [services]
        ):
            return True
    return False
