"""Calls are told apart by what they ask for, whatever ids the stack has got this time."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.control.likeness import likeness, part_of

an_id = st.from_regex(r"\A[0-9a-f]{17}\Z").filter(lambda text: not text.isdigit() and not text.isalpha())
a_token = st.uuids().map(str)
a_time = st.datetimes().map(lambda moment: moment.isoformat() + "Z")


@given(st.tuples(an_id, a_token, a_time), st.tuples(an_id, a_token, a_time))
def test_ids_tokens_and_times_make_no_difference(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    def called(ids: tuple[str, ...]) -> str:
        return likeness("ec2", "RunInstances", {"SubnetId": f"subnet-{ids[0]}", "ClientToken": ids[1], "Until": ids[2]})

    assert called(one) == called(other)


a_duration = st.one_of(st.integers(0, 99_999), st.floats(0, 1e4).map(lambda seconds: round(seconds, 3)))


@given(a_duration, a_duration)
def test_seconds_of_a_record_make_no_difference(one: float, other: float) -> None:
    def called(seconds: float) -> str:
        record = json.dumps({"phases": {"engine": seconds}, "count": seconds}, separators=(",", ":"))
        process = {"N": str(int(seconds))}
        return likeness("dynamodb", "PutItem", {"Item": {"value": {"S": record}, "process": process}})

    assert called(one) == called(other)


@pytest.mark.parametrize(
    "other",
    [
        ("ec2", "CreateSecurityGroup", {"GroupName": "central-llm-host"}),
        ("ec2", "DescribeSecurityGroups", {"GroupName": "central-llm-link"}),
        ("ec2", "CreateSecurityGroup", {"GroupName": "central-llm-link", "Port": 8000}),
    ],
)
def test_what_is_asked_for_does(other: tuple[str, str, dict[str, t.Any]]) -> None:
    assert likeness(*other) != likeness("ec2", "CreateSecurityGroup", {"GroupName": "central-llm-link"})


def test_the_order_of_parameters_does_not() -> None:
    assert likeness("ec2", "X", {"A": 1, "B": 2}) == likeness("ec2", "X", {"B": 2, "A": 1})


@given(st.text(), st.integers(1, 9))
def test_each_name_is_in_one_part(name: str, parts: int) -> None:
    assert 1 <= part_of(name, parts) <= parts
