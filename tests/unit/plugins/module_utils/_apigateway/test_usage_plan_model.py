"""Merging and checking usage plans."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._apigateway import usage_plan_model as model
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput

LIMIT = {"path": "/v1", "method": "GET", "rate_limit": 1.0, "burst_limit": 2}
CURRENT = {
    **model.NEW,
    "name": "plan",
    "throttle": {"rate_limit": 5.0, "burst_limit": 10},
    "quota": {"limit": 100, "offset": 3, "period": "WEEK"},
    "api_stages": [{"api_id": "a", "stage": "prod", "throttle": [LIMIT]}],
}


def options(**given: t.Any) -> dict[str, t.Any]:
    names = ("name", "description", "throttle", "quota", "api_stages", "product_code")
    return {**dict.fromkeys(names), "purge_api_stages": False, **given}


def stage(name: str, throttle: t.Any = None) -> dict[str, t.Any]:
    return {"api_id": "a", "stage": name, "throttle": throttle}


def test_nothing_given_changes_nothing() -> None:
    assert model.merged(CURRENT, options()) == CURRENT


def test_one_limit_leaves_the_other() -> None:
    after = model.merged(CURRENT, options(throttle={"rate_limit": 0.5, "burst_limit": None}))
    assert after["throttle"] == {"rate_limit": 0.5, "burst_limit": 10}


@pytest.mark.parametrize("part", ["throttle", "quota"])
def test_an_empty_dictionary_removes(part: str) -> None:
    after = model.merged(CURRENT, options(**{part: {"rate_limit": None, "limit": None}}))
    assert after[part] == {}
    model.validate(options(**{part: {}}), after)


def test_a_new_quota_starts_at_once() -> None:
    after = model.merged(model.NEW, options(quota={"limit": 10, "period": "DAY", "offset": None}))
    assert after["quota"] == {"limit": 10, "period": "DAY", "offset": 0}


def test_foreign_stages_stay_unless_purged() -> None:
    asked = [stage("test", [])]
    names = [known["stage"] for known in model.merged(CURRENT, options(api_stages=asked))["api_stages"]]
    assert names == ["prod", "test"]
    purged = model.merged(CURRENT, options(api_stages=asked, purge_api_stages=True))
    assert [known["stage"] for known in purged["api_stages"]] == ["test"]


def test_limits_of_methods_stay_unless_given() -> None:
    kept = model.merged(CURRENT, options(api_stages=[stage("prod")]))
    assert kept["api_stages"] == CURRENT["api_stages"]
    partly = {"path": "/v1", "method": "GET", "rate_limit": None, "burst_limit": 7}
    changed = model.merged(CURRENT, options(api_stages=[stage("prod", [partly])]))
    assert changed["api_stages"][0]["throttle"] == [{**LIMIT, "burst_limit": 7}]
    emptied = model.merged(CURRENT, options(api_stages=[stage("prod", [])]))
    assert emptied["api_stages"][0]["throttle"] == []


@pytest.mark.parametrize("key", ["/v1/models/GET", "~1v1~1models/GET"])
def test_methods_are_read_however_aws_writes_them(key: str) -> None:
    plan = {
        "id": "x",
        "apiStages": [{"apiId": "a", "stage": "s", "throttle": {key: {"rateLimit": 1, "burstLimit": 2}}}],
    }
    throttle = model.from_aws(plan, [])["api_stages"][0]["throttle"]
    assert throttle == [{"path": "/v1/models", "method": "GET", "rate_limit": 1.0, "burst_limit": 2}]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"throttle": {"rate_limit": 0.0, "burst_limit": 1}}, "rate_limit"),
        ({"throttle": {"rate_limit": 1.0, "burst_limit": 0}}, "burst_limit is 0; it must be at least 1"),
        ({"throttle": {"rate_limit": 1.0}}, "burst_limit is missing"),
        ({"quota": {"limit": 10}}, "period is missing"),
        ({"quota": {"period": "DAY"}}, "limit is missing"),
        ({"quota": {"limit": 0, "period": "DAY"}}, "limit is 0"),
        ({"quota": {"limit": 1, "period": "DAY", "offset": 1}}, "must be 0"),
        ({"quota": {"limit": 1, "period": "WEEK", "offset": 7}}, "between 0 and 6"),
        ({"quota": {"limit": 1, "period": "MONTH", "offset": 28}}, "between 0 and 27"),
        ({"quota": {"limit": 1, "period": "MONTH", "offset": -1}}, "between 0 and 27"),
        ({"api_stages": [stage("prod"), stage("prod")]}, "more than once"),
        ({"api_stages": [stage("prod", [LIMIT, LIMIT])]}, "throttled more than once"),
        ({"api_stages": [stage("prod", [{**LIMIT, "path": "v1"}])]}, "must be a resource path"),
        ({"api_stages": [stage("prod", [{**LIMIT, "burst_limit": 0}])]}, "a:prod: GET /v1: burst_limit is 0"),
        ({"api_stages": [stage("prod", [{"path": "/v1", "method": "GET"}])]}, "are missing"),
    ],
)
def test_bad_input_says_what_and_where(given: dict[str, t.Any], words: str) -> None:
    asked = options(**given)
    with pytest.raises(InvalidInput, match=words):
        model.validate(asked, model.merged(model.NEW, asked))


def test_a_period_that_the_kept_offset_does_not_fit_is_refused() -> None:
    asked = options(quota={"period": "DAY", "limit": None, "offset": None})
    with pytest.raises(InvalidInput, match="offset is 3; with the period DAY it must be 0"):
        model.validate(asked, model.merged(CURRENT, asked))


def test_what_is_not_asked_for_is_not_checked() -> None:
    odd = {**CURRENT, "throttle": {"rate_limit": 5.0}}
    model.validate(options(description="x"), model.merged(odd, options(description="x")))


def test_keys_are_added_and_removed_only_when_purged() -> None:
    assert model.plan_keys(["a"], None, purge=True) == ([], [], ["a"])
    assert model.plan_keys(["a"], ["b", "b"], purge=False) == (["b"], [], ["a", "b"])
    assert model.plan_keys(["a"], ["b"], purge=True) == (["b"], ["a"], ["b"])
    assert model.plan_keys(["a"], [], purge=True) == ([], ["a"], [])
    assert model.plan_keys(["a", "b"], ["c"], purge=False, detach=["a", "x"]) == (["c"], ["a"], ["b", "c"])
    assert model.plan_keys(["a"], ["a"], purge=False, detach=["a"]) == ([], [], ["a"])
