"""What tests and people ask of the lab itself, under /_lab: faults, calls, reset, and what the gaps add."""

from __future__ import annotations

import json
import re
import typing as t

from moto.core.request import Request

from lab.control.errors import Answer

Handler = t.Callable[[Request, tuple[str, ...]], t.Any]
_routes: list[tuple[str, re.Pattern[str], Handler]] = []


class BadHook(Exception):
    """The request to /_lab makes no sense; the message says why."""


def route(method: str, pattern: str) -> t.Callable[[Handler], Handler]:
    """Register a handler for `/_lab/<pattern>`; it returns what is sent as JSON."""

    def register(handler: Handler) -> Handler:
        _routes.append((method, re.compile(f"^/_lab/{pattern}$"), handler))
        return handler

    return register


def body_of(request: Request) -> dict[str, t.Any]:
    try:
        given = json.loads(request.get_data() or b"{}")
    except ValueError as exc:
        raise BadHook(f"the body is no JSON: {exc}") from exc
    if not isinstance(given, dict):
        raise BadHook("the body is no JSON object")
    return given


def answer(request: Request, extra: list[tuple[str, re.Pattern[str], Handler]]) -> Answer:
    for method, pattern, handler in [*extra, *_routes]:
        found = pattern.match(request.path)
        if found and request.method == method:
            try:
                return _json(200, handler(request, found.groups()))
            except (BadHook, TypeError) as exc:
                return _json(400, {"error": str(exc)})
            except LookupError as exc:
                return _json(404, {"error": str(exc)})
    return _json(404, {"error": f"the lab answers no {request.method} {request.path}"})


def _json(status: int, document: t.Any) -> Answer:
    return Answer(status, [("Content-Type", "application/json")], json.dumps(document).encode())
