# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The value of a secret: how it is stored, and whether two are the same. Pure, and no message holds a value."""

from __future__ import annotations

import json
import typing as t

from .._aws import InvalidInput

# https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
_MAX_BYTES = 65536


def stored(value: t.Any) -> str:
    """The string that is stored: a string as it is, a dictionary as JSON."""
    if isinstance(value, dict):
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    elif isinstance(value, str):
        text = value
    else:
        raise InvalidInput(f"value is of type {type(value).__name__}: it takes a string or a dictionary.")
    if not 1 <= len(text.encode()) <= _MAX_BYTES:
        raise InvalidInput(f"value is {len(text.encode())} bytes long, a secret takes 1 to {_MAX_BYTES}.")
    return text


def same(value: t.Any, current: str | None) -> bool:
    """Whether the stored string is this value; JSON is compared by what it says, not by how it is written."""
    if current is None:
        return False
    if not isinstance(value, dict):
        return stored(value) == current
    try:
        found = json.loads(current)
    except ValueError:
        return False
    # Compared as text once more: Python takes True for 1 and 1.0 for 1, JSON does not.
    return isinstance(found, dict) and stored(found) == stored(value)


__all__ = ("same", "stored")
