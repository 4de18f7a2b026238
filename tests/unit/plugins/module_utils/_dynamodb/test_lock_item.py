from __future__ import annotations

import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._dynamodb import lock
from hypothesis import given
from hypothesis import strategies as st

NOW = 1_800_000_000
locks = st.builds(
    lock.Lock,
    st.just("up"),
    st.sampled_from(["alice", "bob"]),
    st.sampled_from(["", "down"]),
    st.integers(NOW - 10_000, NOW),
    st.integers(NOW - 5_000, NOW + 10_000),
)


def want(held: lock.Lock | None, **options: t.Any) -> lock.Lock:
    given_options = {"name": "up", "owner": "alice", "purpose": "", "ttl_seconds": 7200, "now": NOW, **options}
    return lock.wanted(held, **given_options)


@given(locks)
def test_an_item_is_read_as_it_was_written_until_it_expires(held: lock.Lock) -> None:
    assert lock.read("up", held.as_item(), now=NOW) == (held if held.expires_at > NOW else None)


def test_a_lock_of_ones_own_that_lapsed_was_nobody_elses() -> None:
    lapsed = lock.Lock("up", "alice", "up", NOW - 9000, NOW - 1800, process=42)
    found = lock.read("up", lapsed.as_item(), now=NOW, own=("alice", 42))
    assert found == lapsed
    assert want(found, process=42) == lapsed._replace(expires_at=NOW + 7200)
    for other in (("alice", 43), ("bob", 42), ("alice", 0)):
        assert lock.read("up", lapsed.as_item(), now=NOW, own=other) is None
    # Of a run that does not say its process nobody can tell whether it is the same.
    assert lock.read("up", lapsed._replace(process=0).as_item(), now=NOW, own=("alice", 0)) is None


@given(st.none() | locks, st.integers(1, 10_000))
def test_whoever_takes_the_lock_has_half_the_time_at_least(held: lock.Lock | None, ttl_seconds: int) -> None:
    found = lock.read("up", held.as_item() if held else None, now=NOW)
    taken = want(found, ttl_seconds=ttl_seconds)
    assert taken.owner == "alice"
    assert taken.expires_at - NOW >= ttl_seconds / 2
    # Nothing is left to do for a second run.
    assert want(taken, ttl_seconds=ttl_seconds) == taken


def test_a_lock_of_mine_keeps_its_beginning() -> None:
    held = lock.Lock("up", "alice", "down", NOW - 7000, NOW + 200)
    assert want(held) == held._replace(expires_at=NOW + 7200)
    assert want(held, purpose="up").purpose == "up"


def test_only_force_writes_without_a_condition() -> None:
    taken = want(None)
    assert "ConditionExpression" in lock.put_request("table", taken, now=NOW, force=False)
    assert "ConditionExpression" not in lock.put_request("table", taken, now=NOW, force=True)


def test_a_refusal_says_who_since_when_until_when_and_what_to_do() -> None:
    text = lock.refusal(lock.Lock("up", "bob@desk", "down", NOW, NOW + 60))
    for part in ("bob@desk", "for down", "2027-01-15T08:00:00+00:00", "2027-01-15T08:01:00+00:00", "force: true"):
        assert part in text


@pytest.mark.parametrize("ttl_seconds", [0, -1, 604801])
def test_the_time_has_limits(ttl_seconds: int) -> None:
    with pytest.raises(InvalidInput, match="ttl_seconds"):
        lock.validate({"table": "t", "name": "n", "owner": "o", "ttl_seconds": ttl_seconds})
