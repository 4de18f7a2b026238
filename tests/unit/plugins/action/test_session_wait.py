"""The repeating of looks, with looks that are made up and a clock that only goes when somebody sleeps."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.central.llm.plugins.action import session_wait
from ansible_collections.central.llm.plugins.plugin_utils import _repeat
from ansible_collections.central.llm.plugins.plugin_utils._warm import WarmActionModule

BEGAN = 1_700_000_000.0
SINCE = "2023-11-14T22:13:20+00:00"


def phase(name: str, reached: bool = False, at: str | None = None) -> dict[str, t.Any]:
    return {"name": name, "reached": reached, "at": at, "progress": f"{name} {'is' if reached else 'not'} there"}


def look(*phases: dict[str, t.Any], hopeless: str = "") -> dict[str, t.Any]:
    return {"phases": list(phases), "reached": phases[-1]["reached"], "hopeless": hopeless}


REFUSED = {"failed": True, "msg": "Failed to read x: AccessDeniedException", "error_code": "AccessDeniedException"}
BROKEN = {"failed": True, "msg": "Failed to read x: Connection was closed before we received a valid response"}


class Played(t.NamedTuple):
    result: dict[str, t.Any]
    shown: list[str]
    looks: int
    seconds: float


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., Played]:
    def run(looks: list[dict[str, t.Any]], **arguments: t.Any) -> Played:
        """The last look is repeated for ever."""
        clock, shown, made = [BEGAN], list[str](), list[int]()

        def one(self: t.Any, tmp: t.Any = None, task_vars: t.Any = None) -> dict[str, t.Any]:
            made.append(1)
            return looks[min(len(made), len(looks)) - 1]

        for module in (_repeat, session_wait):
            monkeypatch.setattr(
                module,
                "time",
                types.SimpleNamespace(
                    time=lambda: clock[0],
                    monotonic=lambda: clock[0],
                    sleep=lambda seconds: clock.append(clock.pop() + seconds),
                ),
            )
        monkeypatch.setattr(WarmActionModule, "run", one)
        monkeypatch.setattr(_repeat, "Display", lambda: types.SimpleNamespace(display=shown.append))
        action = session_wait.ActionModule.__new__(session_wait.ActionModule)
        action._task = types.SimpleNamespace(args={"since": SINCE, "delay": 5, **arguments})
        return Played(action.run(), shown, len(made), clock[0] - BEGAN)

    return run


def test_it_waits_and_tells_how_long_each_phase_took(play: t.Callable[..., Played]) -> None:
    first = look(phase("instances"))
    second = look(phase("instances", True), phase("agents"))
    # The agent registered between two looks.
    last = look(phase("instances", True), phase("agents", True, "2023-11-14T22:13:27+00:00"))
    played = play([first, second, last], expected={"agents": 60})
    assert not played.result.get("failed")
    assert [each["seconds"] for each in played.result["phases"]] == [5, 2]
    assert played.looks == 3
    assert "agents not there (0 s so far, usually 60 s, at most 900 s)" in played.shown[2]
    assert played.shown[-1] == "  agents is there (2 s)"


def test_what_a_later_phase_needed_was_there_by_then(play: t.Callable[..., Played]) -> None:
    noted = "2023-11-14T22:13:23+00:00"
    played = play([look(phase("instances")), look(phase("instances", True), phase("agents", True, noted))])
    assert [each["seconds"] for each in played.result["phases"]] == [3, 0]
    # Without a zone it is the same time.
    played = play([look(phase("instances", True), phase("agents", True, noted))], since=SINCE.removesuffix("+00:00"))
    assert [each["seconds"] for each in played.result["phases"]] == [0, 0]


def test_what_stays_true_is_not_shown_at_every_look(play: t.Callable[..., Played]) -> None:
    played = play([look(phase("instances"))], timeout=100)
    assert played.looks == 21 and len(played.shown) == 4


def test_each_phase_has_its_limit(play: t.Callable[..., Played]) -> None:
    slow = [look(phase("instances"))] * 5 + [look(phase("instances", True), phase("agents"))]
    played = play(slow, limits={"instances": 60, "agents": 20})
    assert played.result["failed"] and "Waited 20 s for the phase 'agents' in vain" in played.result["msg"]
    assert played.seconds == 25 + 20


def test_it_gives_up_where_no_patience_helps(play: t.Callable[..., Played]) -> None:
    played = play([look(phase("instances"), hopeless="A host ended by itself.")])
    assert played.result["failed"] and played.result["msg"] == "A host ended by itself." and played.looks == 1


def test_a_refusal_is_not_asked_again(play: t.Callable[..., Played]) -> None:
    assert play([REFUSED]).looks == 1
    assert play([{"failed": True, "msg": "count is 0, it takes 1 or more."}]).looks == 1


@pytest.mark.parametrize("failure", [BROKEN, {**REFUSED, "error_code": "ThrottlingException"}])
def test_a_look_that_fails_for_once_is_repeated(play: t.Callable[..., Played], failure: dict[str, t.Any]) -> None:
    played = play([failure, failure, look(phase("instances", True))])
    assert not played.result.get("failed") and played.looks == 3
    assert play([failure], limits={"instances": 30}, timeout=30).result["failed"]
