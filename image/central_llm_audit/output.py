"""Where records go. A line is one write, so that those of several processes on one pipe do not mix."""

from __future__ import annotations

import collections
import os

# What waits while standard output takes nothing; beyond that the oldest go.
MOST_WAITING = 10_000


class Output:
    """Writes to a descriptor, and never raises: what cannot be written now goes with the next line."""

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._waiting: collections.deque[bytes] = collections.deque(maxlen=MOST_WAITING)

    def __call__(self, line: bytes) -> None:
        if not self._waiting:
            rest = self._put(line)
            if rest:
                self._waiting.append(rest)
            return
        self._waiting.append(line)
        while self._waiting:
            rest = self._put(self._waiting[0])
            if rest:
                self._waiting[0] = rest
                return
            self._waiting.popleft()

    def _put(self, line: bytes) -> bytes:
        """What could not be written. A pipe takes a record whole or not at all; a full disk may take a part."""
        while line:
            try:
                line = line[os.write(self._descriptor, line) :]
            except OSError:
                return line
        return line
