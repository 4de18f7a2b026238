# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What to write so that a REST API becomes what is asked for. Pure: no AWS call.

https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateRestApi-Patch
"""

from __future__ import annotations

import json
import typing as t

from . import resource_policy
from .api_state import State, same_setting
from .openapi import EXTENSION
from .patch import Operation, pointer, replace

_SETTINGS = ("description", "apiKeySource", "minimumCompressionSize")


def patch_operations(
    settings: t.Mapping[str, t.Any],
    api: t.Mapping[str, t.Any],
    *,
    name: str | None = None,
    endpoint_type: str | None = None,
) -> list[Operation]:
    """The patch that brings the API's own settings to what is asked for; binary media types are only added."""
    found: list[Operation] = []
    if name and name != api.get("name"):
        found.append(replace("/name", name))
    types = api.get("endpointConfiguration", {}).get("types", [])
    if endpoint_type and types and types != [endpoint_type]:
        found.append(replace(f"/endpointConfiguration/types/{types[0]}", endpoint_type))
    for key in _SETTINGS:
        if key in settings and not same_setting(settings[key], api.get(key)):
            found.append(replace(f"/{key}", settings[key]))
    there = api.get("binaryMediaTypes", [])
    missing = [kind for kind in settings.get("binaryMediaTypes", []) if kind not in there]
    # The path alone names the media type; the operation has no value.
    return found + [{"op": "add", "path": pointer("binaryMediaTypes", kind)} for kind in missing]


def import_body(document: t.Mapping[str, t.Any], name: str, policy: str | None) -> bytes:
    """The document under the name of the API, with the resource policy that is to stay, as GetRestApi answers it.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/openapi-extensions-policy.html
    """
    kept = {f"{EXTENSION}policy": resource_policy.parse(policy)} if policy else {}
    return json.dumps({**kept, **document, "info": {**document["info"], "title": name}}).encode()


def v2_suspects(wanted: State) -> dict[str, str]:
    """VPC links that integrations use without integrationTarget, and where: only a V1 link works like that."""
    found: dict[str, str] = {}
    for path, methods in wanted["resources"].items():
        for method, said in methods.items():
            integration = said.get("integration", {})
            link = str(integration.get("connectionId", ""))
            if link and "${" not in link and not integration.get("integrationTarget"):
                found.setdefault(link, f"{method} {path}")
    return found


__all__ = ("import_body", "patch_operations", "v2_suspects")
