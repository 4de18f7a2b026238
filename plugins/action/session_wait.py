# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import contextlib
import datetime
import time

from ansible_collections.central.llm.plugins.plugin_utils._repeat import RepeatingActionModule, Result


class ActionModule(RepeatingActionModule):
    services = ("ec2", "ecs", "elbv2")

    def _begin(self) -> None:
        self._phase_began = time.time()
        self._phase = ""
        # When each phase was reached, and how long it took.
        self._reached: dict[str, tuple[float, float]] = {}
        self._last = self._phase_began
        # The module says what is wrong with a time that is none.
        with contextlib.suppress(KeyError, TypeError, ValueError):
            self._last = _seconds(self._task.args["since"])

    def _judge(self, result: Result, now: float) -> Result | None:
        for number, phase in enumerate(result["phases"]):
            # What a later phase needed was there when AWS noted that one, whenever it was looked at.
            self._note(phase, min([now, *(_seconds(each["at"]) for each in result["phases"][number:] if each["at"])]))
        current = result["phases"][-1]
        if current["name"] != self._phase:
            self._phase, self._phase_began = current["name"], now
        if result["reached"]:
            return result
        if result["hopeless"]:
            return {**result, "failed": True, "msg": result["hopeless"]}
        elapsed, limit = now - self._phase_began, self._limit()
        expected = (self._task.args.get("expected") or {}).get(self._phase)
        usual = f", usually {expected} s" if expected else ""
        self._say(current["progress"], f" ({elapsed:.0f} s so far{usual}, at most {limit} s)")
        if elapsed >= limit:
            waited = f"Waited {limit} s for the phase '{self._phase}' in vain: {current['progress']}."
            return {**result, "failed": True, "msg": waited}
        return None

    def _unanswered(self, result: Result, now: float) -> Result | None:
        self._say(f"no answer, asking again: {result.get('msg')}")
        return result if now - self._phase_began >= self._limit() else None

    def _limit(self) -> int:
        arguments = self._task.args
        return int((arguments.get("limits") or {}).get(self._phase, arguments.get("timeout", 900)))

    def _note(self, phase: Result, noted: float) -> None:
        if not phase["reached"]:
            return
        name = phase["name"]
        if name not in self._reached:
            at = max(self._last, noted)
            self._reached[name], self._last = (at, at - self._last), at
            self._say(f"{phase['progress']} ({self._reached[name][1]:.0f} s)")
        at, seconds = self._reached[name]
        phase["at"] = datetime.datetime.fromtimestamp(at, tz=datetime.UTC).isoformat(timespec="seconds")
        phase["seconds"] = round(seconds)


def _seconds(moment: str) -> float:
    """Since the epoch; a time that says of no zone is in UTC."""
    found = datetime.datetime.fromisoformat(moment)
    return (found if found.tzinfo else found.replace(tzinfo=datetime.UTC)).timestamp()
