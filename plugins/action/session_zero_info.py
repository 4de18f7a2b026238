# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import time

from ansible_collections.central.llm.plugins.plugin_utils._repeat import RepeatingActionModule, Result

# Nothing, seen so often in a row, is nothing.
_ENOUGH = 2


class ActionModule(RepeatingActionModule):
    services = ("ec2", "ecs", "elbv2", "scheduler")

    def _begin(self) -> None:
        self._deadline = time.time() + int(self._task.args.get("timeout", 0))
        self._looks = self._nothing = 0

    def _judge(self, result: Result, now: float) -> Result | None:
        self._looks += 1
        left = result["left"]
        self._nothing = 0 if left else self._nothing + 1
        if self._nothing >= _ENOUGH or (left and now >= self._deadline):
            return {**result, "looks": self._looks}
        if left:
            self._say("still there: " + ", ".join(f"{each['kind']} {each['id']} ({each['state']})" for each in left))
        return None

    def _unanswered(self, result: Result, now: float) -> Result | None:
        self._say(f"no answer, asking again: {result.get('msg')}")
        return result if now >= self._deadline else None
