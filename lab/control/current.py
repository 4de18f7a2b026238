"""The lab that moto's backends serve at this moment.

moto keeps its backends in module globals, so one process has one AWS; the gaps reach its settings through here.
"""

from __future__ import annotations

import threading
import typing as t
from datetime import UTC, datetime

from lab.context import LabContext

_state: dict[str, LabContext] = {}
_resets: list[t.Callable[[], None]] = []


def bind(ctx: LabContext) -> None:
    _state["ctx"] = ctx


def context() -> LabContext | None:
    return _state.get("ctx")


def now() -> datetime:
    """The time of day, by the lab's clock."""
    ctx = context()
    return ctx.clock.utc() if ctx else datetime.now(UTC)


def settle_seconds() -> float:
    """How long what AWS does asynchronously takes here."""
    ctx = context()
    return ctx.settle_seconds if ctx else 0.0


def later(service: str, act: t.Callable[[], None] | None = None, seconds: float | None = None) -> None:
    """Do `act` once the settling time is over, and let the planes know that the service's answers changed."""

    def settle() -> None:
        if act is not None:
            act()
        ctx = context()
        if ctx is not None:
            ctx.generations.bump(service)

    timer = threading.Timer(settle_seconds() if seconds is None else seconds, settle)
    timer.daemon = True
    timer.start()


def on_reset(clear: t.Callable[[], None]) -> t.Callable[[], None]:
    """Register (also as a decorator) what empties state that moto's own reset does not know."""
    _resets.append(clear)
    return clear


def reset_all() -> None:
    for clear in _resets:
        clear()
