# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""A streamed completion as it arrives: whether it is whole, when its first token came, and how fast the others. Pure.

Lines of server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import json
import typing as t

_DATA = "data:"
_DONE = "[DONE]"


class Stream:
    """Fed with lines and the time at which each came, in seconds since the request was sent."""

    def __init__(self) -> None:
        self.first_at: float | None = None
        self.last_at = 0.0
        self.done = False
        self.error = ""
        self._pieces = 0
        self._counted: int | None = None

    def feed(self, line: str, at: float) -> None:
        if not line.startswith(_DATA) or self.done:
            return
        data = line.removeprefix(_DATA).strip()
        if data == _DONE:
            self.done = True
            return
        try:
            event = json.loads(data)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            self.error = self.error or f"an event is no JSON object: {data[:200]}"
            return
        # An engine that fails while it streams says so within a response that began with 200.
        if event.get("error"):
            self.error = self.error or json.dumps(event["error"])[:500]
        if any(_text(choice) for choice in event.get("choices") or []):
            self.first_at = at if self.first_at is None else self.first_at
            self.last_at = at
            self._pieces += 1
        self._counted = (event.get("usage") or {}).get("completion_tokens", self._counted)

    @property
    def tokens(self) -> int:
        """As the engine counted them; without its word, the pieces, which may hold several tokens each."""
        return self._pieces if self._counted is None else self._counted

    @property
    def tokens_per_second(self) -> float | None:
        """After the first: that one waited for the prompt to be read. None where there is nothing to measure."""
        elapsed = 0 if self.first_at is None else self.last_at - self.first_at
        return (self.tokens - 1) / elapsed if self._pieces > 1 and self.tokens > 1 and elapsed > 0 else None

    @property
    def complaint(self) -> str:
        """What is wrong with it now that it has ended; empty where nothing is."""
        if self.error:
            return f"the engine failed while it streamed: {self.error}"
        if not self.done:
            return f"the stream ended after {self._pieces} pieces without [DONE]"
        return "" if self.tokens and self._pieces else "the stream held no token"


def _text(choice: t.Mapping[str, t.Any]) -> str:
    delta = choice.get("delta") or {}
    return delta.get("content") or delta.get("reasoning_content") or delta.get("reasoning") or choice.get("text") or ""


__all__ = ("Stream",)
