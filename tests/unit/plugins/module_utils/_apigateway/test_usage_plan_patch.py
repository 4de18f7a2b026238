"""Patch operations of usage plans against a model of how AWS applies them."""

from __future__ import annotations

import copy
import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._apigateway import usage_plan_model as model
from ansible_collections.central.llm.plugins.module_utils._apigateway.usage_plan_patch import operations
from hypothesis import given
from hypothesis import strategies as st

LATEST = {"DAY": 0, "WEEK": 6, "MONTH": 27}


def apply(plan: dict[str, t.Any], patches: list[dict[str, str]]) -> dict[str, t.Any]:
    """What AWS makes of a plan, in AWS's own shape, refusing what it refuses after every single operation.

    https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateUsagePlan-Patch
    """
    plan = copy.deepcopy(plan)
    for patch in patches:
        assert all(isinstance(member, str) for member in patch.values())
        verb, value = patch["op"], patch.get("value")
        parts = [part.replace("~1", "/").replace("~0", "~") for part in patch["path"].split("/")[1:]]
        match parts:
            case ["name" | "description" as member]:
                assert verb == "replace"
                plan[member] = value
            case ["productCode"]:
                if verb == "remove":
                    del plan["productCode"]
                else:
                    plan["productCode"] = value
            case ["throttle" | "quota" as member]:
                assert verb == "remove"
                del plan[member]
            case ["throttle", "rateLimit" | "burstLimit" as limit]:
                _set(plan, "throttle", limit, verb, value)
            case ["quota", "limit" | "offset" | "period" as limit]:
                _set(plan, "quota", limit, verb, value)
                quota = plan["quota"]
                assert quota.get("offset", 0) <= LATEST[quota.get("period", "MONTH")]
            case ["apiStages"]:
                api_id, name = t.cast(str, value).split(":")
                if verb == "add":
                    assert _stage(plan, api_id, name) is None
                    plan["apiStages"].append({"apiId": api_id, "stage": name, "throttle": {}})
                else:
                    assert verb == "remove"
                    plan["apiStages"].remove(_stage(plan, api_id, name))
            case ["apiStages", stage, "throttle", path, method]:
                assert verb == "remove"
                del _stage(plan, *stage.split(":"))["throttle"][f"{path}/{method}"]
            case ["apiStages", stage, "throttle", path, method, "rateLimit" | "burstLimit" as limit]:
                throttles = _stage(plan, *stage.split(":"))["throttle"]
                _set(throttles, f"{path}/{method}", limit, verb, value)
            case _:
                raise AssertionError(f"no such path: {patch}")
    return plan


def _set(where: dict[str, t.Any], member: str, limit: str, verb: str, value: str | None) -> None:
    assert verb in {"add", "replace"} and value is not None
    read: t.Any = {"rateLimit": float, "period": str}.get(limit, int)
    where.setdefault(member, {})[limit] = read(value)


def _stage(plan: dict[str, t.Any], api_id: str, name: str) -> t.Any:
    return next((known for known in plan["apiStages"] if (known["apiId"], known["stage"]) == (api_id, name)), None)


def in_aws(plan: dict[str, t.Any]) -> dict[str, t.Any]:
    """The plan as AWS keeps it."""
    request = model.to_request(plan)
    stages = [{"throttle": {}, **stage} for stage in request.pop("apiStages", [])]
    code = {"productCode": plan["product_code"]} if plan["product_code"] else {}
    return {"id": "abc123", **request, **code, "apiStages": stages}


rates = st.floats(min_value=0.01, max_value=10000).map(lambda rate: round(rate, 3))
limits = st.fixed_dictionaries({"rate_limit": rates, "burst_limit": st.integers(1, 5000)})
quotas = st.sampled_from(sorted(LATEST)).flatmap(
    lambda period: st.fixed_dictionaries(
        {"limit": st.integers(1, 10**6), "offset": st.integers(0, LATEST[period]), "period": st.just(period)}
    )
)
methods = st.dictionaries(
    st.tuples(st.sampled_from(["/", "/v1", "/v1/models", "/a~b/{proxy+}"]), st.sampled_from(["GET", "POST", "ANY"])),
    limits,
    max_size=3,
).map(lambda found: [{"path": path, "method": method, **given} for (path, method), given in sorted(found.items())])
stages = st.dictionaries(
    st.tuples(st.sampled_from(["api1", "api2"]), st.sampled_from(["prod", "test"])), methods, max_size=3
).map(
    lambda found: [{"api_id": api, "stage": stage, "throttle": given} for (api, stage), given in sorted(found.items())]
)
plans = st.fixed_dictionaries(
    {
        "id": st.just("abc123"),
        "name": st.sampled_from(["one", "two"]),
        "description": st.sampled_from(["", "for clients"]),
        "throttle": st.one_of(st.just({}), limits),
        "quota": st.one_of(st.just({}), quotas),
        "api_stages": stages,
        "product_code": st.sampled_from(["", "code"]),
        "keys": st.just([]),
        "tags": st.just({}),
    }
)


@given(plans, plans)
def test_the_operations_turn_one_plan_into_the_other(before: dict[str, t.Any], after: dict[str, t.Any]) -> None:
    patched = apply(in_aws(before), operations(before, after))
    assert model.from_aws(patched, []) == after


@given(plans)
def test_an_equal_plan_needs_no_operation(plan: dict[str, t.Any]) -> None:
    assert operations(plan, copy.deepcopy(plan)) == []


@given(plans)
def test_a_plan_survives_the_way_to_aws_and_back(plan: dict[str, t.Any]) -> None:
    assert model.from_aws(in_aws(plan), []) == plan


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        (("DAY", 0), ("WEEK", 3), ["/quota/period", "/quota/offset"]),
        (("WEEK", 3), ("DAY", 0), ["/quota/offset", "/quota/period"]),
        (("MONTH", 20), ("WEEK", 5), ["/quota/offset", "/quota/period"]),
    ],
)
def test_an_offset_never_outgrows_its_period(before: tuple[str, int], after: tuple[str, int], paths: list[str]) -> None:
    old, new = (
        {**model.NEW, "quota": {"limit": 10, "period": period, "offset": offset}} for period, offset in (before, after)
    )
    assert [operation["path"] for operation in operations(old, new)] == paths


def test_method_limits_use_escaped_paths() -> None:
    stage = {"api_id": "a1", "stage": "prod"}
    limit = {"path": "/v1/models", "method": "GET", "rate_limit": 0.5, "burst_limit": 2}
    old = {**model.NEW, "api_stages": [{**stage, "throttle": []}]}
    new = {**model.NEW, "api_stages": [{**stage, "throttle": [limit]}]}
    root = "/apiStages/a1:prod/throttle/~1v1~1models/GET"
    assert operations(old, new) == [
        {"op": "add", "path": f"{root}/rateLimit", "value": "0.5"},
        {"op": "add", "path": f"{root}/burstLimit", "value": "2"},
    ]
    assert operations(new, old) == [{"op": "remove", "path": root}]
