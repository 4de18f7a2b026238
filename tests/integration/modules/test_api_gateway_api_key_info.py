from __future__ import annotations

import typing as t

import pytest

TAGS = {"central-llm:stack": "central-llm"}


@pytest.fixture
def key_info(run_module: t.Any) -> t.Any:
    return run_module("api_gateway_api_key_info")


def test_without_keys_there_are_none(key_info: t.Any) -> None:
    outcome = key_info.ok(tags=TAGS)
    assert outcome["api_keys"] == [] and not outcome.changed


def test_it_shows_what_the_writing_module_returns_and_no_value(key_info: t.Any, run_module: t.Any, lab: t.Any) -> None:
    written = run_module("api_gateway_api_key").ok(name="ours", tags={**TAGS, "more": "1"})["api_key"]
    lab.client("apigateway").create_api_key(name="theirs", enabled=True)
    assert key_info.ok(tags=TAGS)["api_keys"] == [written]
    everything = key_info.ok(check=True)
    assert sorted(key["name"] for key in everything["api_keys"]) == ["ours", "theirs"]
    values = [key["value"] for key in lab.client("apigateway").get_api_keys(includeValues=True)["items"]]
    assert not any(value in str(everything) for value in values)


def test_it_reads_and_names_what_it_lacks(key_info: t.Any, faults: t.Any) -> None:
    faults.forget_calls()
    key_info.ok()
    assert faults.calls() == ["GetApiKeys"]
    faults.add("apigateway", "GetApiKeys", "AccessDeniedException", status=403)
    assert "apigateway:GET" in key_info.refused()
