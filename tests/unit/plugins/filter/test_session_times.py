from __future__ import annotations

from ansible_collections.central.llm.plugins.filter.session_times import session_times
from hypothesis import given
from hypothesis import strategies as st

PHASES = st.dictionaries(st.sampled_from(["instances", "agents", "engine"]), st.integers(0, 3600))


def test_one_slow_start_does_not_spoil_it() -> None:
    sessions = [{"phases": {"agents": seconds}} for seconds in (50, 60, 900)]
    assert session_times(sessions) == {"agents": 60}


@given(st.lists(st.fixed_dictionaries({}, optional={"phases": PHASES | st.none()}), max_size=6))
def test_it_lies_between_what_there_was(sessions: list[dict[str, dict[str, int] | None]]) -> None:
    usual = session_times(sessions)
    for phase, seconds in usual.items():
        taken = [(session.get("phases") or {})[phase] for session in sessions if phase in (session.get("phases") or {})]
        assert min(taken) <= seconds <= max(taken)
    assert set(usual) == {phase for session in sessions for phase in session.get("phases") or {}}
