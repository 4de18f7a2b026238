# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Patch operations of API Gateway: JSON pointers, and values written as the strings that the API takes.

https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

Operation = dict[str, str]


def pointer(*parts: str) -> str:
    """A path to a member; a slash inside a part is written ~1.

    https://docs.aws.amazon.com/apigateway/latest/api/API_PatchOperation.html
    """
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def wire(value: str | bool | int | float) -> str:
    """The value as the API reads it: every value of a patch is a string, and numbers have no exponent."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        written = format(Decimal(repr(value)), "f")
        return written.rstrip("0").rstrip(".") if "." in written else written
    return str(value)


def add(path: str, value: str | bool | int | float) -> Operation:
    return {"op": "add", "path": path, "value": wire(value)}


def replace(path: str, value: str | bool | int | float) -> Operation:
    return {"op": "replace", "path": path, "value": wire(value)}


def remove(path: str, value: str | None = None) -> Operation:
    """Remove what the path names; a member of a list is named by its value."""
    operation = {"op": "remove", "path": path}
    return operation if value is None else {**operation, "value": value}


def replacements(changes: t.Mapping[str, t.Any], members: t.Mapping[str, str]) -> list[Operation]:
    """One replacement for each changed option; `members` maps options to the resource's members."""
    return [replace(pointer(member), changes[option]) for option, member in members.items() if option in changes]


__all__ = ("Operation", "add", "pointer", "remove", "replace", "replacements", "wire")
