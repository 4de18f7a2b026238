# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Looks that are repeated until they show what is waited for.

A module looks once and says what it saw; its action repeats the look, here on the controller, where it can be shown
what is waited for. Subclasses judge what was seen.
"""

from __future__ import annotations

import time
import typing as t

from ansible.utils.display import Display
from ansible_collections.central.llm.plugins.plugin_utils._warm import WarmActionModule

Result = dict[str, t.Any]

# Whatever else AWS answers, it will answer again.
TRANSIENT = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "RequestLimitExceeded",
        "ServerException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "Unavailable",
    }
)
# What is shown without having changed, is shown this often, in seconds.
_STILL = 30


class RepeatingActionModule(WarmActionModule):
    """The base of an action that repeats its module's look until `_judge` returns a result."""

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        self._display_line, self._displayed_at = "", 0.0
        self._begin()
        while True:
            result = super().run(tmp, task_vars)
            now = time.time()
            if result.get("failed"):
                end = result if is_final(result) else self._unanswered(result, now)
            else:
                end = self._judge(result, now)
            if end is not None:
                return end
            time.sleep(int(self._task.args.get("delay", 5)))

    def _begin(self) -> None:
        raise NotImplementedError

    def _judge(self, result: Result, now: float) -> Result | None:
        raise NotImplementedError

    def _unanswered(self, result: Result, now: float) -> Result | None:
        """A look that failed for once; the result where there is no time left for another."""
        raise NotImplementedError

    def _say(self, line: str, times: str = "") -> None:
        """Show a line once, and again from time to time as long as it stays true."""
        if line != self._display_line or time.monotonic() - self._displayed_at >= _STILL:
            self._display_line, self._displayed_at = line, time.monotonic()
            Display().display(f"  {line}{times}")


def is_final(result: Result) -> bool:
    """Whether a look failed for good: what was asked for is wrong, or AWS refuses it.

    A call that AWS never answered has no error code; a module that did not come to its calls says so otherwise.
    """
    if "error_code" in result:
        return result["error_code"] not in TRANSIENT
    return "Failed to" not in str(result.get("msg", ""))


__all__ = ("TRANSIENT", "RepeatingActionModule", "is_final")
