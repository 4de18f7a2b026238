"""The lab's clock: what happens by the time of day (schedules, rules, guests' timers, alarms) follows it.

It runs with the machine's own until a test moves it on. A move is no jump: everything that falls due in between happens
in its order, each at its own moment, before the move is over. So a night passes in the time that its events take.
"""

from __future__ import annotations

import logging
import threading
import time
import typing as t
from datetime import UTC, datetime

log = logging.getLogger("lab.clock")

_LOOK_SECONDS = 0.2


class Source(t.Protocol):
    """What happens at certain moments."""

    def next_due(self) -> float | None:
        """When something happens next, as seconds since the epoch; None for never."""

    def fire(self, now: float) -> None:
        """Do what is due at `now`; afterwards `next_due` is later than `now`."""

    def restart(self, now: float) -> None:
        """Forget what was due: the lab is emptied, or its clock set back."""


class Clock:
    def __init__(self) -> None:
        self._ahead = 0.0
        self._fixed: float | None = None
        self._sources: list[Source] = []
        # Whoever holds it is the one who lets time pass.
        self._passing = threading.RLock()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._fixed if self._fixed is not None else time.time() + self._ahead

    def utc(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def follow(self, source: Source) -> None:
        with self._passing:
            self._sources.append(source)

    def leave(self, source: Source) -> None:
        with self._passing:
            if source in self._sources:
                self._sources.remove(source)

    def advance(self, seconds: float) -> None:
        """Let time pass, and everything happen that falls due in it."""
        with self._passing:
            target = self.now() + seconds
            try:
                self._happen(target)
            finally:
                self._fixed = None
                self._ahead = target - time.time()

    def reset(self) -> None:
        """Back to the machine's own time."""
        with self._passing:
            self._ahead = 0.0
            for source in self._sources:
                source.restart(self.now())

    def run(self, stopping: threading.Event) -> None:
        """What falls due by itself; the clock's own thread."""
        while not stopping.wait(_LOOK_SECONDS):
            with self._passing:
                try:
                    self._happen(self.now())
                finally:
                    self._fixed = None

    def _happen(self, until: float) -> None:
        while True:
            due = [(moment, source) for source in self._sources if (moment := source.next_due()) is not None]
            first = min((moment for moment, _source in due), default=None)
            if first is None or first > until:
                return
            # What is overdue happens now: time never runs backwards.
            self._fixed = max(first, self._fixed or first)
            for moment, source in due:
                if moment <= self._fixed:
                    try:
                        source.fire(self._fixed)
                    except Exception:
                        log.exception("%s at %s", type(source).__name__, self.utc().isoformat(timespec="seconds"))


class Ticking:
    """A base for sources that look once in a while, such as each minute."""

    def __init__(self, clock: Clock, period: float = 60.0) -> None:
        self._period = period
        self._next = clock.now() + period

    def next_due(self) -> float | None:
        return self._next

    def fire(self, now: float) -> None:
        self._next = now + self._period
        self.tick(now)

    def restart(self, now: float) -> None:
        self._next = now + self._period

    def tick(self, now: float) -> None:
        raise NotImplementedError
