"""Tags of API Gateway resources: moto has them for stages only."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import unquote

from lab.control.call import Call
from lab.control.operations import replaces
from lab.moto_gaps.apigateway_stages import stage_of
from lab.moto_gaps.apigateway_store import Document, Store, bad_request, find_api, not_found, of

# arn:aws:apigateway:REGION::/restapis/ID/stages/NAME; no account in it.
_ARN = re.compile(r"^arn:aws[\w-]*:apigateway:(?P<region>[\w-]+):\d*:/(?P<path>.+)$")


def apply() -> None:
    replaces("apigateway", "GetTags")(lambda call, params: {"tags": _tagged(of(call), params).get("tags") or {}})
    replaces("apigateway", "TagResource")(tag)
    replaces("apigateway", "UntagResource")(untag)


def _tagged(regional: Store, params: Document) -> Document:
    arn = unquote(params["resourceArn"])
    found = _ARN.match(arn)
    if found is None:
        raise bad_request(f"Invalid ARN specified in the request: {arn}")
    kind, *rest = found["path"].split("/")
    if kind == "restapis" and len(rest) == 1:
        return find_api(regional, rest[0]).info
    if kind == "restapis" and len(rest) == 3 and rest[1] == "stages":
        return stage_of(find_api(regional, rest[0]), rest[2])
    places = {"apikeys": regional.keys, "usageplans": regional.plans, "vpclinks": regional.links}
    if kind not in places or len(rest) != 1:
        raise bad_request(f"Invalid ARN specified in the request: {arn}")
    if rest[0] not in places[kind]:
        raise not_found("resource")
    return places[kind][rest[0]]


def tag(call: Call, params: Document) -> Document:
    resource = _tagged(of(call), params)
    merged = {**(resource.get("tags") or {}), **params["tags"]}
    if len(merged) > 50:
        raise bad_request("A resource can have at most 50 tags")
    resource["tags"] = merged
    return {}


def untag(call: Call, params: Document) -> Document:
    resource = _tagged(of(call), params)
    gone = set(t.cast("list[str]", params["tagKeys"]))
    resource["tags"] = {key: value for key, value in (resource.get("tags") or {}).items() if key not in gone}
    return {}
