"""What tests and people ask of the lab itself, under /_lab: faults, calls, reset, and what the gaps add."""

from __future__ import annotations

import json
import re
import typing as t

from moto.core.request import Request

from lab.control.errors import Answer

Handler = t.Callable[[Request, tuple[str, ...]], t.Any]


class BadHook(Exception):
    """The request to /_lab makes no sense; the message says why."""


class Routes:
    """Handlers by method and path below /_lab; what they return is sent as JSON."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        self._routes.append((method, re.compile(f"^/_lab/{pattern}$"), handler))

    def match(self, request: Request) -> tuple[Handler, tuple[str, ...]] | None:
        for method, pattern, handler in self._routes:
            found = pattern.match(request.path)
            if found and request.method == method:
                return handler, found.groups()
        return None


# What the gaps add; it belongs to the process, as moto's state does.
_shared = Routes()


def route(method: str, pattern: str) -> t.Callable[[Handler], Handler]:
    """Register a handler for `/_lab/<pattern>`."""

    def register(handler: Handler) -> Handler:
        _shared.add(method, pattern, handler)
        return handler

    return register


def quietly(act: t.Callable[[], None]) -> Handler:
    """A handler for what has no answer."""

    def handler(request: Request, groups: tuple[str, ...]) -> dict[str, t.Any]:
        act()
        return {}

    return handler


def body_of(request: Request) -> dict[str, t.Any]:
    try:
        given = json.loads(request.get_data() or b"{}")
    except ValueError as exc:
        raise BadHook(f"the body is no JSON: {exc}") from exc
    if not isinstance(given, dict):
        raise BadHook("the body is no JSON object")
    return given


def answer(request: Request, own: Routes) -> Answer:
    found = own.match(request) or _shared.match(request)
    if found is None:
        return _json(404, {"error": f"the lab answers no {request.method} {request.path}"})
    handler, groups = found
    try:
        return _json(200, handler(request, groups))
    except (BadHook, TypeError) as exc:
        return _json(400, {"error": str(exc)})
    except LookupError as exc:
        return _json(404, {"error": str(exc)})


def _json(status: int, document: t.Any) -> Answer:
    return Answer(status, [("Content-Type", "application/json")], json.dumps(document).encode())
