# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""A usage plan as the module shows it: read from AWS's shape, merged with what is asked for, and checked."""

from __future__ import annotations

import typing as t

from .._aws import InvalidInput
from .._compare import given

Plan = dict[str, t.Any]
Limits = dict[str, t.Any]
StageName = tuple[str, str]

THROTTLE = {"rate_limit": "rateLimit", "burst_limit": "burstLimit"}
QUOTA = {"limit": "limit", "offset": "offset", "period": "period"}

# How many days into its period a quota may start.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-apigateway-usageplan-quotasettings.html
LATEST_OFFSET = {"DAY": 0, "WEEK": 6, "MONTH": 27}

NEW: Plan = {
    "name": "",
    "description": "",
    "throttle": {},
    "quota": {},
    "api_stages": [],
    "product_code": "",
    "keys": [],
    "tags": {},
}


def from_aws(plan: t.Mapping[str, t.Any], keys: t.Sequence[str]) -> Plan:
    """The plan in the shape that the module returns."""
    stages = [
        {
            "api_id": stage["apiId"],
            "stage": stage["stage"],
            "throttle": [
                {**_method_of(key), **_renamed(limits, THROTTLE)}
                for key, limits in (stage.get("throttle") or {}).items()
            ],
        }
        for stage in plan.get("apiStages") or []
    ]
    return {
        "id": plan["id"],
        "name": plan.get("name") or "",
        "description": plan.get("description") or "",
        "throttle": _renamed(plan.get("throttle") or {}, THROTTLE),
        "quota": _renamed(plan.get("quota") or {}, QUOTA),
        "api_stages": _ordered(stages),
        "product_code": plan.get("productCode") or "",
        "keys": sorted(keys),
        "tags": plan.get("tags") or {},
    }


def to_request(plan: Plan) -> dict[str, t.Any]:
    """The plan as CreateUsagePlan takes it; a product code and keys can only be added afterwards."""
    stages = [
        {
            "apiId": stage["api_id"],
            "stage": stage["stage"],
            **given({"throttle": {_key_of(limits): _to_aws(limits, THROTTLE) for limits in stage["throttle"]} or None}),
        }
        for stage in plan["api_stages"]
    ]
    request = {
        "name": plan["name"],
        "description": plan["description"] or None,
        "throttle": _to_aws(plan["throttle"], THROTTLE) or None,
        "quota": _to_aws(plan["quota"], QUOTA) or None,
        "apiStages": stages or None,
        "tags": plan["tags"] or None,
    }
    return given(request)


def _renamed(limits: t.Mapping[str, t.Any], members: t.Mapping[str, str]) -> Limits:
    found = {option: limits[member] for option, member in members.items() if limits.get(member) is not None}
    if "rate_limit" in found:
        found["rate_limit"] = float(found["rate_limit"])
    return found


def _to_aws(limits: t.Mapping[str, t.Any], members: t.Mapping[str, str]) -> dict[str, t.Any]:
    return {member: limits[option] for option, member in members.items() if option in limits}


def _key_of(limits: Limits) -> str:
    return f"{limits['path']}/{limits['method']}"


def _method_of(key: str) -> dict[str, str]:
    """AWS names a method /path/METHOD, and may keep a path that came by patch as it was escaped there (~1path)."""
    path, _slash, method = key.rpartition("/")
    if path.startswith("~1"):
        path = path.replace("~1", "/").replace("~0", "~")
    return {"path": path or "/", "method": method}


def _ordered(stages: t.Iterable[Plan]) -> list[Plan]:
    ordered = sorted(stages, key=name_of)
    return [
        {**stage, "throttle": sorted(stage["throttle"], key=lambda limits: (limits["path"], limits["method"]))}
        for stage in ordered
    ]


def name_of(stage: Plan) -> StageName:
    return stage["api_id"], stage["stage"]


def by_name(stages: t.Iterable[Plan]) -> dict[StageName, Plan]:
    return {name_of(stage): stage for stage in stages}


def by_method(throttles: t.Iterable[Limits]) -> dict[tuple[str, str], Limits]:
    return {(limits["path"], limits["method"]): limits for limits in throttles}


def merged(current: Plan, options: t.Mapping[str, t.Any]) -> Plan:
    """The plan as it shall be, keys and tags apart; an option that is None leaves its part alone."""
    texts = given({name: options[name] for name in ("name", "description", "product_code")})
    return {
        **current,
        **texts,
        "throttle": _merged_limits(current["throttle"], options["throttle"]),
        "quota": _merged_quota(current["quota"], options["quota"]),
        "api_stages": _merged_stages(current["api_stages"], options["api_stages"], purge=options["purge_api_stages"]),
    }


def _merged_limits(current: Limits, asked: Limits | None) -> Limits:
    """None leaves the limits alone, no limit at all removes them, and one that is given replaces its like."""
    if asked is None:
        return current
    wanted = given(asked)
    return {**current, **wanted} if wanted else {}


def _merged_quota(current: Limits, asked: Limits | None) -> Limits:
    quota = _merged_limits(current, asked)
    return {"offset": 0, **quota} if quota else quota


def _merged_stages(current: list[Plan], asked: list[Plan] | None, *, purge: bool) -> list[Plan]:
    if asked is None:
        return current
    there = by_name(current)
    wanted = {name: _merged_stage(there.get(name), stage) for name, stage in by_name(asked).items()}
    return _ordered((wanted if purge else {**there, **wanted}).values())


def _merged_stage(current: Plan | None, asked: Plan) -> Plan:
    there = current["throttle"] if current else []
    if asked["throttle"] is None:
        return {"api_id": asked["api_id"], "stage": asked["stage"], "throttle": there}
    known = by_method(there)
    throttle = [{**known.get(method, {}), **given(limits)} for method, limits in by_method(asked["throttle"]).items()]
    return {"api_id": asked["api_id"], "stage": asked["stage"], "throttle": throttle}


class KeyPlan(t.NamedTuple):
    """What to attach and detach so that the keys of the plan become `after`."""

    attach: list[str]
    detach: list[str]
    after: list[str]


def plan_keys(current: list[str], asked: list[str] | None, *, purge: bool, detach: t.Collection[str] = ()) -> KeyPlan:
    """What is asked for is attached, whatever else leaves."""
    wanted = set(asked or [])
    attach = sorted(wanted - set(current))
    leaving = (set(current) if purge and asked is not None else set(detach)) - wanted
    gone = sorted(leaving & set(current))
    return KeyPlan(attach, gone, sorted((set(current) | wanted) - set(gone)))


def validate(options: t.Mapping[str, t.Any], plan: Plan) -> None:
    """Refuse what AWS refuses or what would refuse every client; only what is asked for is looked at."""
    if options["throttle"] is not None:
        _validate_throttle("throttle", plan["throttle"])
    if options["quota"] is not None:
        _validate_quota(plan["quota"])
    if options["api_stages"] is not None:
        _validate_stages(options["api_stages"], by_name(plan["api_stages"]))


def _validate_throttle(where: str, limits: Limits) -> None:
    if not set(limits) & set(THROTTLE):
        return
    missing = [option for option in THROTTLE if option not in limits]
    if missing:
        raise InvalidInput(
            f"{where}: {missing[0]} is missing. There is no throttle yet that it could be taken from, and without it "
            "API Gateway would let no request through."
        )
    if limits["rate_limit"] <= 0:
        raise InvalidInput(f"{where}: rate_limit is {limits['rate_limit']}; it must be above 0 (requests per second).")
    if limits["burst_limit"] < 1:
        raise InvalidInput(
            f"{where}: burst_limit is {limits['burst_limit']}; it must be at least 1, the size of the bucket that "
            "every request takes a token from."
        )


def _validate_quota(quota: Limits) -> None:
    if not quota:
        return
    for option in ("limit", "period"):
        if option not in quota:
            raise InvalidInput(f"quota: {option} is missing, and there is no quota yet that it could be taken from.")
    if quota["limit"] < 1:
        raise InvalidInput(
            f"quota: limit is {quota['limit']}; it must be at least 1. Disable the keys to let nobody in, "
            "give 'quota: {}' to remove the quota."
        )
    latest = LATEST_OFFSET[quota["period"]]
    if not 0 <= quota["offset"] <= latest:
        raise InvalidInput(
            f"quota: offset is {quota['offset']}; with the period {quota['period']} it must be "
            + ("0." if latest == 0 else f"between 0 and {latest} (days).")
        )


def _validate_stages(asked: list[Plan], stages: dict[StageName, Plan]) -> None:
    names = [name_of(stage) for stage in asked]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInput(f"api_stages: the stage {name[1]} of the API {name[0]} is named more than once.")
    for stage in asked:
        throttles = stage["throttle"] or []
        where = f"api_stages: {stage['api_id']}:{stage['stage']}"
        if len(by_method(throttles)) < len(throttles):
            raise InvalidInput(f"{where}: a method is throttled more than once.")
        for limits in throttles:
            if not limits["path"].startswith("/"):
                raise InvalidInput(f"{where}: the path {limits['path']} must be a resource path, like /v1/models.")
        if stage["throttle"] is not None:
            for limits in stages[name_of(stage)]["throttle"]:
                _validate_method(f"{where}: {limits['method']} {limits['path']}", limits)


def _validate_method(where: str, limits: Limits) -> None:
    if not set(limits) & set(THROTTLE):
        raise InvalidInput(
            f"{where}: rate_limit and burst_limit are missing. Leave the entry out to remove its limits."
        )
    _validate_throttle(where, limits)


__all__ = (
    "LATEST_OFFSET",
    "NEW",
    "KeyPlan",
    "Plan",
    "by_method",
    "by_name",
    "from_aws",
    "merged",
    "name_of",
    "plan_keys",
    "to_request",
    "validate",
)
