from __future__ import annotations

import typing as t

from ansible_collections.central.llm.plugins.module_utils._dynamodb import record
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
VALUES = st.dictionaries(st.text(), JSON, max_size=4)
RECORDS = st.builds(
    record.Record, st.sampled_from(["session", "converged"]), st.text(), VALUES, st.none() | st.integers(1, 2**40)
)


@given(RECORDS)
def test_what_is_written_is_read(wanted: record.Record) -> None:
    assert record.read(wanted.as_item(), now=0) == wanted


@given(RECORDS, st.integers(0, 2**41))
def test_what_has_expired_is_none(kept: record.Record, now: int) -> None:
    there = kept.expires_at is None or kept.expires_at > now
    assert (record.read(kept.as_item(), now=now) is not None) == there


@given(VALUES)
def test_the_order_of_keys_is_no_difference(value: dict[str, t.Any]) -> None:
    assert record.encode(value) == record.encode(dict(reversed(value.items())))


@given(st.lists(RECORDS, max_size=6), st.none() | st.integers(0, 4))
def test_the_newest_come_first(kept: list[record.Record], limit: int | None) -> None:
    found = [each.name for each in record.newest((each.as_item() for each in kept), now=0, limit=limit)]
    assert found == sorted((each.name for each in kept), reverse=True)[:limit]


def test_a_lock_is_no_record() -> None:
    assert record.read({"pk": {"S": "lock#x"}, "owner": {"S": "alice"}}, now=0) is None
