"""Refuse what AWS refuses: a request that does not fit the operation's model."""

from __future__ import annotations

from lab.control.call import Call


def check(call: Call) -> None:
    """Raise the service's own validation error for what is unknown, missing, of the wrong type or out of bounds."""
