"""Which cases the sweep has, and who runs which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sweep.cases import BLANKET_KINDS, KINDS, PLAYBOOKS, Chain, chains, draws, shard


@given(st.integers(1, 5))
def test_each_kind_has_a_chain_of_each_playbook_and_part(parts: int) -> None:
    found = chains(parts)
    assert len(set(found)) == len(found)
    for kind in KINDS:
        expected = [1] if kind in BLANKET_KINDS else list(range(1, parts + 1))
        for playbook in PLAYBOOKS:
            assert [each.part for each in found if (each.playbook, each.kind) == (playbook, kind)] == expected


def test_some_of_them_only() -> None:
    assert chains(1, ["down"], ["lost", "denied"]) == [Chain("down", "denied"), Chain("down", "lost")]


@given(st.integers(1, 4), st.integers(1, 3))
def test_the_shards_are_all_chains_once(count: int, labs: int) -> None:
    whole = chains(count * labs)
    parts = [shard(whole, index, count) for index in range(1, count + 1)]
    assert sorted(chain for part in parts for chain in part) == sorted(whole)


@pytest.mark.parametrize("index", [0, 4])
def test_a_shard_that_there_is_not(index: int) -> None:
    with pytest.raises(ValueError, match="1/3 to 3/3"):
        shard([], index, 3)


def test_what_a_chain_and_its_cases_are_called() -> None:
    assert [str(Chain("up", "denied")), str(Chain("up", "denied", 2, 3))] == ["up:denied", "up:denied (2/3)"]
    assert (
        Chain("up", "denied", 2, 3).case("ec2.X~0#1")
        == Chain("up", "denied").case("ec2.X~0#1")
        == "up:denied:ec2.X~0#1"
    )


@given(st.integers(), st.integers(1, 5), st.integers(50, 500))
def test_draws_ascend_and_repeat_with_their_seed(seed: int, count: int, calls: int) -> None:
    drawn = draws(seed, count, calls)
    ordinals = [draw.ordinal for draw in drawn]
    assert drawn == draws(seed, count, calls)
    assert len(set(ordinals)) == count and ordinals == sorted(ordinals)
    assert ordinals[0] >= 1 and ordinals[-1] <= calls
