# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Usage plans and the keys attached to them, one function per API call.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call
from .._once import create_once
from .patch import Operation

_MISSING = ("NotFoundException",)


@aws_call("read the usage plan {plan_id}", missing=_MISSING)
def find_usage_plan(client: t.Any, plan_id: str) -> dict[str, t.Any] | None:
    return client.get_usage_plan(usagePlanId=plan_id)


@aws_call("list the usage plans")
def list_usage_plans(client: t.Any) -> list[dict[str, t.Any]]:
    pages = client.get_paginator("get_usage_plans").paginate(PaginationConfig={"PageSize": 500})
    return [plan for page in pages for plan in page.get("items", [])]


@aws_call("list the usage plans of the API key {key_id}", missing=_MISSING, default=[])
def usage_plans_of_key(client: t.Any, key_id: str) -> list[dict[str, t.Any]]:
    pages = client.get_paginator("get_usage_plans").paginate(keyId=key_id, PaginationConfig={"PageSize": 500})
    return [plan for page in pages for plan in page.get("items", [])]


@aws_call("create the usage plan {name}")
def _create_usage_plan(client: t.Any, request: dict[str, t.Any]) -> dict[str, t.Any]:
    return client.create_usage_plan(**request)


def create_usage_plan(client: t.Any, request: dict[str, t.Any]) -> dict[str, t.Any]:
    return create_once(
        client,
        "CreateUsagePlan",
        lambda: _create_usage_plan(client, request=request),
        lambda: next((plan for plan in list_usage_plans(client) if plan.get("name") == request["name"]), None),
    )


@aws_call("change the usage plan {plan_id}")
def update_usage_plan(client: t.Any, plan_id: str, operations: list[Operation]) -> None:
    client.update_usage_plan(usagePlanId=plan_id, patchOperations=operations)


@aws_call("delete the usage plan {plan_id}", missing=_MISSING)
def delete_usage_plan(client: t.Any, plan_id: str) -> None:
    client.delete_usage_plan(usagePlanId=plan_id)


@aws_call("list the API keys of the usage plan {plan_id}", missing=_MISSING, default=[])
def list_key_ids(client: t.Any, plan_id: str) -> list[str]:
    """Ids only: the answer carries the values of the keys as well, and they stay here."""
    paginator = client.get_paginator("get_usage_plan_keys")
    pages = paginator.paginate(usagePlanId=plan_id, PaginationConfig={"PageSize": 500})
    return sorted(key["id"] for page in pages for key in page.get("items", []))


@aws_call("attach the API key {key_id} to the usage plan {plan_id}")
def attach_key(client: t.Any, plan_id: str, key_id: str) -> None:
    client.create_usage_plan_key(usagePlanId=plan_id, keyId=key_id, keyType="API_KEY")


@aws_call("detach the API key {key_id} from the usage plan {plan_id}", missing=_MISSING)
def detach_key(client: t.Any, plan_id: str, key_id: str) -> None:
    client.delete_usage_plan_key(usagePlanId=plan_id, keyId=key_id)
