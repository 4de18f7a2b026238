from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.sweep.leases import Crash, chosen


@given(st.integers(1, 30), st.integers(0, 200))
def test_the_parts_are_the_whole_and_share_nothing(parts: int, count: int) -> None:
    crashes = [Crash("up", str(number)) for number in range(count)]
    found = [crash for part in range(1, parts + 1) for crash in chosen(crashes, f"{part}/{parts}")]
    assert sorted(found) == sorted(crashes)
