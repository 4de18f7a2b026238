from __future__ import annotations

import importlib.util
import sys
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

_PATH = Path(__file__).parents[4] / "functions/reaper/core.py"
_SPEC = importlib.util.spec_from_file_location("reaper_core", _PATH)
assert _SPEC and _SPEC.loader
core: t.Any = importlib.util.module_from_spec(_SPEC)
sys.modules["reaper_core"] = core
_SPEC.loader.exec_module(core)

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
LIMITS = core.Limits()


def host(lease: str | None, *, age: float = 3600, state: str = "running", name: str = "ours") -> t.Any:
    return core.Host("i-1", state, NOW - timedelta(seconds=age), lease, name)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("lease", "age", "state", "ends"),
    [
        (stamp(NOW + timedelta(hours=1)), 3600, "running", False),
        # The drain and the schedules have their turn first.
        (stamp(NOW - timedelta(seconds=119)), 3600, "running", False),
        (stamp(NOW - timedelta(seconds=120)), 3600, "running", True),
        (stamp(NOW - timedelta(hours=1)), 3600, "stopped", True),
        (stamp(NOW - timedelta(hours=1)), 3600, "shutting-down", False),
        (None, 119, "pending", False),
        (None, 120, "pending", True),
        ("tomorrow", 120, "running", True),
        ("2026-13-01T00:00:00Z", 120, "running", True),
        ("", 120, "running", True),
        # Nobody may have a lease without an end.
        (stamp(NOW + timedelta(days=365)), 120, "running", True),
    ],
)
def test_who_ends(lease: str | None, age: float, state: str, ends: bool) -> None:
    verdict = core.judge(host(lease, age=age, state=state), NOW, LIMITS)
    assert verdict.ends is ends
    assert verdict.why


moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(lambda d: d.replace(microsecond=0, tzinfo=UTC))


@given(moments)
def test_what_is_written_is_read(moment: datetime) -> None:
    assert core.lease_end(stamp(moment)) == moment


@given(st.text())
def test_no_text_breaks_it_and_none_lasts(text: str) -> None:
    verdict = core.judge(host(text), NOW, LIMITS)
    assert verdict.ends or core.lease_end(text) is not None


@given(st.integers(0, 168 * 3600), st.integers(0, 400 * 3600))
def test_no_host_lives_longer_than_its_lease_and_the_grace(seconds: int, later: int) -> None:
    """Whatever the lease, at its end plus the grace a host that still lives is ended, and not before."""
    leased = host(stamp(NOW + timedelta(seconds=seconds)), age=0)
    verdict = core.judge(leased, NOW + timedelta(seconds=later), LIMITS)
    assert verdict.ends is (later >= seconds + LIMITS.after_lease.total_seconds())


@given(st.lists(st.sampled_from(["leased", "over", "ending", "elsewhere"])))
def test_the_service_is_needed_as_long_as_a_host_stays(kinds: list[str]) -> None:
    made = {
        "leased": host(stamp(NOW + timedelta(hours=1))),
        "over": host(None),
        "ending": host(None, state="shutting-down"),
        # One on which an image is made serves nothing.
        "elsewhere": host(stamp(NOW + timedelta(hours=1)), name="build"),
    }
    verdicts = core.judge_all([made[kind] for kind in kinds], NOW, LIMITS)
    assert core.nobody_stays(verdicts, "ours") is ("leased" not in kinds)
