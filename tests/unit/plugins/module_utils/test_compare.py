from __future__ import annotations

import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._compare import replacement

MEMBERS = ("Name", "Threshold", "Enabled", "Actions", "Unit")


def test_what_is_there_is_sent_again_under_what_is_managed() -> None:
    current = {"Name": "a", "Unit": "Count", "Threshold": 1.0, "Arn": "arn:a", "State": "OK"}
    assert replacement(current, {"Threshold": 2.0}, MEMBERS) == {"Name": "a", "Unit": "Count", "Threshold": 2.0}


@pytest.mark.parametrize("nothing", [None, "", []])
def test_nothing_takes_a_member_away(nothing: t.Any) -> None:
    assert replacement({"Name": "a", "Unit": "Count"}, {"Unit": nothing}, MEMBERS) == {"Name": "a"}
    assert replacement({"Name": "a", "Unit": nothing}, {}, MEMBERS) == {"Name": "a"}


def test_zero_and_false_are_something() -> None:
    assert replacement({"Enabled": False}, {"Threshold": 0.0}, MEMBERS) == {"Enabled": False, "Threshold": 0.0}


def test_what_is_there_stays_as_it_is() -> None:
    current = {"Name": "a", "Actions": ["b"]}
    replacement(current, {"Name": "c", "Actions": None}, MEMBERS)
    assert current == {"Name": "a", "Actions": ["b"]}
