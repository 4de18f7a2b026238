from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.sweep.leases import Crash, chosen


@given(st.integers(1, 30), st.integers(0, 200))
def test_the_parts_are_the_whole_and_share_nothing(parts: int, count: int) -> None:
    crashes = [Crash("up", str(number)) for number in range(count)]
    found = [crash for part in range(1, parts + 1) for crash in chosen(crashes, f"{part}/{parts}")]
    assert sorted(found) == sorted(crashes)


@given(st.sampled_from(["up", "down"]), st.text(st.characters(exclude_categories=["C"]), min_size=1))
def test_a_boundary_is_read_as_it_is_written(playbook: str, task: str) -> None:
    crash = Crash(playbook, f"{task}#1")
    assert Crash.read(str(crash)) == crash
