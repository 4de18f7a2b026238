"""Lets stock clients of OpenAI show their key as a bearer token; the gateway then checks it as any other."""

from __future__ import annotations

import typing as t

from core import decide


def handle(event: t.Any, context: t.Any) -> dict[str, t.Any]:
    return decide(event)
