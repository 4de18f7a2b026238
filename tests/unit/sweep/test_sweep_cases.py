"""Which cases the sweep has, and who runs which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sweep.cases import EVERYWHERE, KINDS, Case, Place, cases_of, draws, kinds_at, places, select, shard

READ, WRITE = ("ec2", "DescribeVpcs"), ("ec2", "CreateTags")
a_call = st.sampled_from([READ, WRITE, ("ecs", "CreateService"), ("ecs", "ListTasks")])
some_cases = st.lists(
    st.builds(
        Case,
        st.sampled_from(["up", "down"]),
        st.builds(Place, st.just("ec2"), st.just("X"), st.integers(1)),
        st.just("denied"),
    )
)


def test_a_place_is_the_nth_call_of_its_operation() -> None:
    assert [str(place) for place in places([READ, WRITE, READ])] == [
        "ec2.DescribeVpcs#1",
        "ec2.CreateTags#1",
        "ec2.DescribeVpcs#2",
    ]


@given(st.lists(a_call))
def test_every_call_of_a_run_has_a_case(calls: list[tuple[str, str]]) -> None:
    found = places(calls)
    cases = cases_of("up", found, {READ})
    assert len(set(found)) == len(calls)
    assert len(set(cases)) == len(cases)
    assert {case.place for case in cases} == {EVERYWHERE, *found}
    assert {case.kind for case in cases} <= set(KINDS)


def test_a_read_has_no_answer_to_lose() -> None:
    assert kinds_at(Place(*READ, 1), set()) == ["denied"]
    assert kinds_at(Place(*READ, 1), {READ}) == ["denied", "denied-on"]
    assert kinds_at(Place(*WRITE, 1), {READ}) == ["denied", "lost", "unheard"]


@given(some_cases, st.integers(1, 7))
def test_the_shards_are_all_cases_once(cases: list[Case], count: int) -> None:
    parts = [shard(cases, index, count) for index in range(1, count + 1)]
    assert sorted(case for part in parts for case in part) == sorted(cases)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("index", [0, 4])
def test_a_shard_that_there_is_not(index: int) -> None:
    with pytest.raises(ValueError, match="1/3 to 3/3"):
        shard([], index, 3)


def test_cases_are_selected_by_name() -> None:
    cases = cases_of("up", places([READ, WRITE]), set())
    assert [str(case) for case in select(cases, ["up:ec2.Create*:*", "*:throttled"])] == [
        "up:*:throttled",
        "up:ec2.CreateTags#1:denied",
        "up:ec2.CreateTags#1:lost",
        "up:ec2.CreateTags#1:unheard",
    ]
    assert select(cases, []) == cases


@given(st.integers(), st.integers(1, 5), st.integers(50, 500))
def test_draws_ascend_and_repeat_with_their_seed(seed: int, count: int, calls: int) -> None:
    drawn = draws(seed, count, calls)
    ordinals = [draw.ordinal for draw in drawn]
    assert drawn == draws(seed, count, calls)
    assert len(set(ordinals)) == count and ordinals == sorted(ordinals)
    assert ordinals[0] >= 1 and ordinals[-1] <= calls
