"""Keys of usage plans and what they used: moto overwrites a duplicate and lacks GetUsage."""

from __future__ import annotations

import datetime

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import replaces
from lab.edge import usage
from lab.moto_gaps.apigateway_keys import key_of
from lab.moto_gaps.apigateway_store import Document, Store, bad_request, conflict, of, page
from lab.moto_gaps.apigateway_usage_plans import check_one_plan_a_stage, plan_of


def apply() -> None:
    on = lambda name, handler: replaces("apigateway", name)(handler)  # noqa: E731
    on("CreateUsagePlanKey", create)
    on("GetUsagePlanKey", get)
    on("GetUsagePlanKeys", list_keys)
    on("DeleteUsagePlanKey", delete)
    on("GetUsage", get_usage)


def _shown(regional: Store, key_id: str) -> Document:
    key = regional.keys[key_id]
    shown: Document = {"id": key_id, "type": "API_KEY", "value": key["value"]}
    if key.get("name") is not None:
        shown["name"] = key["name"]
    return shown


def create(call: Call, params: Document) -> Document:
    regional = of(call)
    plan = plan_of(regional, params["usagePlanId"])
    if params["keyType"] != "API_KEY":
        raise bad_request("Usage Plan Key type must be API_KEY")
    key_of(regional, params["keyId"])
    attached = regional.plan_keys[plan["id"]]
    if params["keyId"] in attached:
        raise conflict(f"Usage Plan Key already exists: {params['keyId']}")
    check_one_plan_a_stage(regional, plan, params["keyId"])
    attached.append(params["keyId"])
    return _shown(regional, params["keyId"])


def _attached(regional: Store, params: Document) -> str:
    plan_of(regional, params["usagePlanId"])
    key_of(regional, params["keyId"])
    key_id: str = params["keyId"]
    if key_id not in regional.plan_keys[params["usagePlanId"]]:
        raise AwsError("NotFoundException", "Invalid Usage Plan Key identifier specified", 404)
    return key_id


def get(call: Call, params: Document) -> Document:
    regional = of(call)
    return _shown(regional, _attached(regional, params))


def list_keys(call: Call, params: Document) -> Document:
    regional = of(call)
    plan_of(regional, params["usagePlanId"])
    shown = (_shown(regional, key_id) for key_id in regional.plan_keys[params["usagePlanId"]])
    return page((key for key in shown if key.get("name", "").startswith(params.get("nameQuery") or "")), params)


def delete(call: Call, params: Document) -> Document:
    regional = of(call)
    regional.plan_keys[params["usagePlanId"]].remove(_attached(regional, params))
    return {}


def get_usage(call: Call, params: Document) -> Document:
    """For each key and day: [used, remaining], as the edge counted."""
    plan = plan_of(of(call), params["usagePlanId"])
    start, end = _day(params["startDate"]), _day(params["endDate"])
    if end < start or (end - start).days > 90:
        raise bad_request("Invalid date range: the end must not be before the start, nor more than 90 days later")
    items = usage.read(plan["id"], plan.get("quota"), start, end, params.get("keyId"))
    shown = {"usagePlanId": plan["id"], "startDate": params["startDate"], "endDate": params["endDate"]}
    return {**shown, "items": items}


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise bad_request(f"Invalid date: {text}") from None
