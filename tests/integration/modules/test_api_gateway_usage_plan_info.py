from __future__ import annotations

import typing as t

import pytest

TAGS = {"central-llm:stack": "central-llm"}


@pytest.fixture
def plan_info(run_module: t.Any) -> t.Any:
    return run_module("api_gateway_usage_plan_info")


def test_it_shows_what_the_writing_module_returns_but_for_keys(plan_info: t.Any, run_module: t.Any) -> None:
    assert plan_info.ok(tags=TAGS)["usage_plans"] == []
    usage_plan = run_module("api_gateway_usage_plan")
    written = usage_plan.ok(name="ours", throttle={"rate_limit": 5, "burst_limit": 10}, tags=TAGS)["usage_plan"]
    usage_plan.ok(name="theirs")
    del written["keys"]
    assert plan_info.ok(check=True, tags=TAGS)["usage_plans"] == [written]
    assert [plan["name"] for plan in plan_info.ok()["usage_plans"]] == ["ours", "theirs"]


def test_it_reads_and_names_what_it_lacks(plan_info: t.Any, faults: t.Any) -> None:
    faults.forget_calls()
    assert not plan_info.ok().changed
    assert faults.calls() == ["GetUsagePlans"]
    faults.add("apigateway", "GetUsagePlans", "AccessDeniedException", status=403)
    assert "apigateway:GET" in plan_info.refused()
