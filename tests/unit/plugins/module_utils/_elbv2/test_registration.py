from __future__ import annotations

import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._elbv2.registration import Target, judge, registered, shown
from hypothesis import given
from hypothesis import strategies as st

OWN = {"Name": "host", "central-llm:stack": "s"}
STATES = ["pending", "running", "shutting-down", "terminated", "stopping", "stopped"]


def instance(state: str, **tags: str) -> dict[str, t.Any]:
    return {"State": {"Name": state}, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (None, "dead"),
        (instance("terminated", Name="host"), "dead"),
        (instance("shutting-down"), "dead"),
        (instance("stopped", Name="host"), "dead"),
        (instance("stopped", Name="other"), "foreign"),
        (instance("running", Name="other"), "foreign"),
        (instance("running"), "foreign"),
        (instance("running", Name="host"), "kept"),
        (instance("pending", **{"Name": "renamed", "central-llm:stack": "s"}), "kept"),
    ],
)
def test_verdicts(found: dict[str, t.Any] | None, verdict: str) -> None:
    target = Target("i-1", 8000)
    dead, foreign = judge([target], {"i-1": found} if found else {}, OWN)
    assert ("dead" if target in dead else "foreign" if target in foreign else "kept") == verdict
    assert all(one["reason"] for one in [*shown(dead), *shown(foreign)])


@given(st.dictionaries(st.sampled_from(["i-1", "i-2", "i-3"]), st.sampled_from(STATES)), st.booleans())
def test_a_target_is_judged_once(states: dict[str, str], ours: bool) -> None:
    targets = [Target(name, port) for name in ("i-1", "i-2") for port in (8000, 9000)]
    tags = {"Name": "host"} if ours else {}
    dead, foreign = judge(targets, {name: instance(state, **tags) for name, state in states.items()}, OWN)
    assert not dead.keys() & foreign.keys()
    assert {*dead, *foreign} <= set(targets)
    assert not (ours and foreign)


def test_what_drains_is_left_to_drain() -> None:
    health = [
        {"Target": {"Id": name, "Port": 8000}, "TargetHealth": {"State": state}}
        for name, state in {"i-3": "unhealthy.draining", "i-2": "draining", "i-1": "unused"}.items()
    ]
    assert registered(health) == [Target("i-1", 8000)]
