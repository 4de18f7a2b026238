"""Usage plans: moto truncates rates, breaks stages that have method throttles, and checks nothing.

Patch paths: https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateUsagePlan-Patch
"""

from __future__ import annotations

import copy
import json

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import replaces
from lab.moto_gaps import apigateway_patches as patches
from lab.moto_gaps.apigateway_store import (
    Document,
    Store,
    bad_request,
    conflict,
    given,
    new_id,
    of,
    page,
)

_PATHS = [
    "/apiStages",
    "/apiStages/{apiId:stageName}/throttle",
    "/apiStages/{apiId:stageName}/throttle/{resourcePath}/{httpMethod}",
    "/apiStages/{apiId:stageName}/throttle/{resourcePath}/{httpMethod}/burstLimit",
    "/apiStages/{apiId:stageName}/throttle/{resourcePath}/{httpMethod}/rateLimit",
    "/description",
    "/name",
    "/productCode",
    "/quota",
    "/quota/limit",
    "/quota/offset",
    "/quota/period",
    "/throttle",
    "/throttle/burstLimit",
    "/throttle/rateLimit",
]
_NUMBERS: dict[str, patches.Convert] = {"rateLimit": patches.number, "burstLimit": patches.whole}
_QUOTA: dict[str, patches.Convert] = {"limit": patches.whole, "offset": patches.whole, "period": patches.text}
# The days a quota may start later than its period does.
_OFFSETS = {"DAY": 0, "WEEK": 6, "MONTH": 27}


def apply() -> None:
    on = lambda name, handler: replaces("apigateway", name)(handler)  # noqa: E731
    on("CreateUsagePlan", create)
    on("GetUsagePlan", lambda call, params: plan_of(of(call), params["usagePlanId"]))
    on("GetUsagePlans", list_plans)
    on("UpdateUsagePlan", update)
    on("DeleteUsagePlan", delete)


def plan_of(regional: Store, plan_id: str) -> Document:
    if plan_id not in regional.plans:
        raise AwsError("NotFoundException", "Invalid Usage Plan ID specified", 404)
    return regional.plans[plan_id]


def create(call: Call, params: Document) -> Document:
    regional = of(call)
    plan: Document = {
        "id": new_id(6),
        "apiStages": copy.deepcopy(params.get("apiStages") or []),
        "tags": dict(params.get("tags") or {}),
        **given(params, "name", "description", "throttle", "quota", "productCode"),
    }
    if plan.get("quota"):
        plan["quota"] = {"offset": 0, **plan["quota"]}
    check(regional, plan)
    regional.plans[plan["id"]] = plan
    regional.plan_keys[plan["id"]] = []
    return plan


def list_plans(call: Call, params: Document) -> Document:
    regional = of(call)
    key_id = params.get("keyId")
    plans = [plan for plan in regional.plans.values() if not key_id or key_id in regional.plan_keys[plan["id"]]]
    return page(plans, params)


def check(regional: Store, plan: Document) -> None:
    if not (plan.get("name") or "").strip():
        raise bad_request("Usage Plan name must be specified")
    _check_throttle(plan.get("throttle") or {}, "Usage Plan")
    _check_quota(plan.get("quota"))
    seen = set()
    for stage in plan["apiStages"]:
        name = (stage.get("apiId"), stage.get("stage"))
        api = regional.apis.get(name[0] or "")
        if api is None or name[1] not in api.stages:
            raise AwsError("NotFoundException", f"API Stage not found: {name[0]}:{name[1]}", 404)
        if name in seen:
            raise conflict(f"API Stage already exists in Usage Plan: {name[0]}:{name[1]}")
        seen.add(name)
        for method, throttle in (stage.get("throttle") or {}).items():
            _check_throttle(throttle, f"Method {method}")


def _check_throttle(throttle: Document, whose: str) -> None:
    for member, words in (("rateLimit", "rate limit"), ("burstLimit", "burst limit")):
        if throttle.get(member) is not None and throttle[member] < 0:
            raise bad_request(f"{whose} {words} must be greater than or equal to 0")


def _check_quota(quota: Document | None) -> None:
    if not quota:
        return
    if quota.get("period") not in _OFFSETS:
        raise bad_request("Usage Plan quota period must be one of DAY, WEEK, MONTH")
    if quota.get("limit") is None or quota["limit"] < 1:
        raise bad_request("Usage Plan quota limit must be greater than 0")
    latest = _OFFSETS[quota["period"]]
    if not 0 <= (quota.get("offset") or 0) <= latest:
        raise bad_request(f"Usage Plan quota offset must be between 0 and {latest} in the {quota['period']} period")


def update(call: Call, params: Document) -> Document:
    """All operations of one request take effect, or none does."""
    regional = of(call)
    plan = copy.deepcopy(plan_of(regional, params["usagePlanId"]))
    for operation in params.get("patchOperations") or []:
        _patch(plan, operation)
    check(regional, plan)
    _check_keys(regional, plan)
    regional.plans[plan["id"]] = plan
    return plan


def _patch(plan: Document, operation: Document) -> None:
    parts = patches.segments(operation.get("path") or "")
    verb = operation.get("op")
    if verb not in {"add", "replace", "remove"}:
        raise patches.refuse(operation, _PATHS)
    if parts[0] == "apiStages" and len(parts) == 1:
        _patch_stages(plan, operation)
    elif parts[0] == "apiStages" and len(parts) > 2 and parts[2] == "throttle":
        _patch_method_throttle(plan, operation, parts)
    elif parts[0] in {"throttle", "quota"}:
        _patch_limits(plan, operation, parts)
    elif len(parts) == 1 and parts[0] in {"name", "description", "productCode"}:
        scalars: dict[str, patches.Convert] = {parts[0]: patches.text}
        patches.apply(plan, [operation], scalars, {})
    else:
        raise patches.refuse(operation, _PATHS)


def _patch_stages(plan: Document, operation: Document) -> None:
    api_id, _, stage = patches.value_of(operation).partition(":")
    attached = (api_id, stage) in {(known["apiId"], known["stage"]) for known in plan["apiStages"]}
    if operation["op"] == "add":
        if attached:
            raise conflict(f"API Stage already exists in Usage Plan: {api_id}:{stage}")
        plan["apiStages"].append({"apiId": api_id, "stage": stage})
    elif operation["op"] == "remove":
        if not attached:
            raise AwsError("NotFoundException", f"API Stage not found: {api_id}:{stage}", 404)
        plan["apiStages"] = [
            known for known in plan["apiStages"] if (known["apiId"], known["stage"]) != (api_id, stage)
        ]
    else:
        raise patches.refuse(operation, _PATHS)


def _patch_method_throttle(plan: Document, operation: Document, parts: list[str]) -> None:
    """`/apiStages/{api:stage}/throttle[/{path}/{METHOD}[/{limit}]]`; the map's keys are `{path}/{METHOD}`."""
    stage = next((known for known in plan["apiStages"] if f"{known['apiId']}:{known['stage']}" == parts[1]), None)
    if stage is None:
        raise AwsError("NotFoundException", f"API Stage not found: {parts[1]}", 404)
    throttles = stage.setdefault("throttle", {})
    rest, verb = parts[3:], operation["op"]
    if not rest and verb == "remove":
        throttles.clear()
    elif not rest:
        stage["throttle"] = _throttle_map(patches.value_of(operation))
    elif len(rest) == 2 and verb == "remove":
        if throttles.pop("/".join(rest), None) is None:
            raise AwsError("NotFoundException", f"Method throttle not found: {'/'.join(rest)}", 404)
    elif len(rest) == 3 and rest[2] in _NUMBERS and verb != "remove":
        throttles.setdefault("/".join(rest[:2]), {})[rest[2]] = _NUMBERS[rest[2]](patches.value_of(operation))
    else:
        raise patches.refuse(operation, _PATHS)
    if not stage.get("throttle"):
        stage.pop("throttle", None)


def _throttle_map(value: str) -> Document:
    try:
        given_map = json.loads(value)
        return {
            method: {name: _NUMBERS[name](str(limit)) for name, limit in limits.items()}
            for method, limits in given_map.items()
        }
    except (ValueError, AttributeError, KeyError):
        raise bad_request("Invalid method throttle map: " + value) from None


def _patch_limits(plan: Document, operation: Document, parts: list[str]) -> None:
    members = _NUMBERS if parts[0] == "throttle" else _QUOTA
    if len(parts) == 1 and operation["op"] == "remove":
        plan.pop(parts[0], None)
    elif len(parts) == 2 and parts[1] in members and operation["op"] != "remove":
        limits = plan.setdefault(parts[0], {} if parts[0] == "throttle" else {"offset": 0})
        limits[parts[1]] = members[parts[1]](patches.value_of(operation))
    else:
        raise patches.refuse(operation, _PATHS)


def _check_keys(regional: Store, plan: Document) -> None:
    for key_id in regional.plan_keys[plan["id"]]:
        check_one_plan_a_stage(regional, plan, key_id)


def check_one_plan_a_stage(regional: Store, plan: Document, key_id: str) -> None:
    """A key can be in at most one usage plan of a stage."""
    ours = {(stage["apiId"], stage["stage"]) for stage in plan["apiStages"]}
    for other in regional.plans.values():
        theirs = {(stage["apiId"], stage["stage"]) for stage in other["apiStages"]}
        if other["id"] != plan["id"] and key_id in regional.plan_keys[other["id"]] and ours & theirs:
            raise conflict(f"API Key {key_id} is already in Usage Plan {other['id']} for the same API Stage")


def delete(call: Call, params: Document) -> Document:
    regional = of(call)
    plan = plan_of(regional, params["usagePlanId"])
    if plan["apiStages"]:
        raise bad_request(
            f"Cannot delete Usage Plan {plan['id']} because it has API Stages. "
            "Remove all API Stages from the Usage Plan before deleting it."
        )
    del regional.plans[plan["id"]]
    regional.plan_keys.pop(plan["id"], None)
    return {}
