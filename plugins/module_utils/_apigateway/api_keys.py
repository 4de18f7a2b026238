# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""API keys, one function per API call. A key's value is read only where it is asked for.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-setup-api-key-with-restapi.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call
from .._once import create_once
from .patch import Operation

_MISSING = ("NotFoundException",)


def as_resource(key: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """A key in the shape that modules return. The value has no place in it, hence in no difference."""
    created = key.get("createdDate")
    return {
        "id": key["id"],
        "name": key.get("name") or "",
        "description": key.get("description") or "",
        "enabled": bool(key.get("enabled")),
        "customer_id": key.get("customerId") or "",
        "created_date": created.isoformat() if created else "",
        "stage_keys": sorted(key.get("stageKeys") or []),
        "tags": key.get("tags") or {},
    }


@aws_call("read the API key {key_id}", missing=_MISSING)
def find_api_key(client: t.Any, key_id: str) -> dict[str, t.Any] | None:
    return client.get_api_key(apiKey=key_id, includeValue=False)


@aws_call("list the API keys named {name}")
def list_api_keys(client: t.Any, name: str) -> list[dict[str, t.Any]]:
    """The keys of exactly this name: the API's own query finds longer names too."""
    paginator = client.get_paginator("get_api_keys")
    pages = paginator.paginate(nameQuery=name, includeValues=False, PaginationConfig={"PageSize": 500})
    return [key for page in pages for key in page.get("items", []) if key.get("name") == name]


@aws_call("list the API keys")
def list_all_api_keys(client: t.Any) -> list[dict[str, t.Any]]:
    pages = client.get_paginator("get_api_keys").paginate(includeValues=False, PaginationConfig={"PageSize": 500})
    return [key for page in pages for key in page.get("items", [])]


@aws_call("read the value of the API key {key_id}")
def read_value(client: t.Any, key_id: str) -> str:
    return client.get_api_key(apiKey=key_id, includeValue=True)["value"]


@aws_call("create the API key {name}")
def _create_api_key(client: t.Any, request: dict[str, t.Any]) -> dict[str, t.Any]:
    return client.create_api_key(**request)


def create_api_key(client: t.Any, request: dict[str, t.Any]) -> dict[str, t.Any]:
    """The new key, with its value unless AWS did not answer at first."""
    return create_once(
        client,
        "CreateApiKey",
        lambda: _create_api_key(client, request=request),
        lambda: next(iter(list_api_keys(client, request["name"])), None),
    )


@aws_call("change the API key {key_id}")
def update_api_key(client: t.Any, key_id: str, operations: list[Operation]) -> None:
    client.update_api_key(apiKey=key_id, patchOperations=operations)


@aws_call("delete the API key {key_id}", missing=_MISSING)
def delete_api_key(client: t.Any, key_id: str) -> None:
    client.delete_api_key(apiKey=key_id)
