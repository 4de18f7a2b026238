"""What grows with the stack: seconds and AWS calls of `up` for more hosts and more clients, and of the same again."""

from __future__ import annotations

import time
import typing as t

from tests.sweep.stack import STACK, Stack

from .figures import Figure
from .playing import succeed

HOSTS = (1, 3, 10)
CLIENTS = (1, 10, 100)


def _up(stack: Stack, variables: dict[str, t.Any]) -> tuple[float, int]:
    stack.forget_calls()
    began = time.perf_counter()
    succeed(stack, "up", variables)
    return time.perf_counter() - began, len(stack.calls())


def _figures(what: str, count: int, made: tuple[float, int], again: tuple[float, int]) -> list[Figure]:
    return [
        Figure(f"{what}_{count}_s", made[0], "s"),
        Figure(f"{what}_{count}_calls", float(made[1]), ""),
        Figure(f"{what}_{count}_again_s", again[0], "s"),
        Figure(f"{what}_{count}_again_calls", float(again[1]), ""),
    ]


def hosts(stack: Stack) -> list[Figure]:
    """A session on a converged stack that is down."""
    found: list[Figure] = []
    for count in HOSTS:
        succeed(stack, "down")
        wanted = {"llm_host_count": count}
        found += _figures("hosts", count, _up(stack, wanted), _up(stack, wanted))
    return found


def clients(stack: Stack) -> list[Figure]:
    """Clients beside those of the step before, each with key, place in the plan and secret; all rooms are looked at."""
    found: list[Figure] = []
    for count in CLIENTS:
        names = [f"{STACK}-client", *(f"team-{number}" for number in range(1, count))]
        wanted = {"llm_gateway_clients": [{"name": name} for name in names], "llm_session_converge": "always"}
        found += _figures("clients", count, _up(stack, wanted), _up(stack, wanted))
    return found


def growth(stack: Stack, report: t.Callable[[str], None]) -> list[Figure]:
    report(f"  what grows: {HOSTS} hosts, {CLIENTS} clients")
    # What makes the stack is no session's time.
    _up(stack, {})
    return hosts(stack) + clients(stack)
