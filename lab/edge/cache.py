"""Keeps what was read from the control plane until a service that it came from was written to."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Callable, Hashable
from concurrent.futures import Executor
from dataclasses import dataclass, field

from lab.context import Generations

T = t.TypeVar("T")


@dataclass
class GenerationCache(t.Generic[T]):
    generations: Generations
    services: tuple[str, ...]
    executor: Executor
    _entries: dict[Hashable, tuple[int, T]] = field(default_factory=dict)
    _locks: dict[Hashable, asyncio.Lock] = field(default_factory=dict)

    async def get(self, key: Hashable, load: Callable[[], T], *, keep: Callable[[T], bool] = lambda _value: True) -> T:
        """The value of a key. `load` blocks, so it runs beside the event loop, once for all who wait for it.

        What `keep` refuses is read again next time: a state that changes without anybody writing (a pending link).
        """
        found = self._entries.get(key)
        if found and found[0] == self.generations.of(*self.services):
            return found[1]
        async with self._locks.setdefault(key, asyncio.Lock()):
            # Before reading: a write meanwhile makes what is read now old, never the other way round.
            generation = self.generations.of(*self.services)
            found = self._entries.get(key)
            if found and found[0] == generation:
                return found[1]
            value = await asyncio.get_running_loop().run_in_executor(self.executor, load)
            if keep(value):
                self._entries[key] = (generation, value)
            return value
