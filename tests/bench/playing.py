"""Playbooks that a figure needs to have been played."""

from __future__ import annotations

import json
import typing as t

from tests.sweep.stack import Stack


def succeed(stack: Stack, playbook: str, variables: dict[str, t.Any] | None = None) -> None:
    """Play it, or end the bench with what it said: figures of a stack that is not as wanted mean nothing."""
    run = stack.play(playbook, "-e", json.dumps(variables or {}))
    if run.status:
        raise SystemExit(run.output)
