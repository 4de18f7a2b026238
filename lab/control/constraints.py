"""Walks a value along a shape of botocore's models and says where the two differ. Pure."""

from __future__ import annotations

import functools
import re
import typing as t
from dataclasses import dataclass

_NUMBERS = {"integer", "long", "float", "double"}
# Java's regular expressions know classes that Python's do not.
_JAVA = (
    (r"\p{L}", r"\w"),
    (r"\p{N}", r"\d"),
    (r"\p{Z}", r"\s"),
    (r"\p{Zs}", r"\s"),
    (r"\p{P}", r"!-/:-@\[-`{-~"),
    (r"\p{S}", r"$+<->^`|~"),
    (r"\p{M}", ""),
    (r"\p{ASCII}", r"\x00-\x7F"),
    (r"\p{Alnum}", "A-Za-z0-9"),
    (r"\p{Alpha}", "A-Za-z"),
    (r"\p{Graph}", r"!-~"),
    (r"\p{Print}", r" -~"),
    (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF"),
)


@dataclass(frozen=True)
class Problem:
    where: str
    words: str
    missing: bool = False


def problems(shape: t.Any, value: t.Any, where: str = "") -> list[Problem]:
    """What is missing or out of bounds in a parsed value."""
    if value is None:
        return []
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, value, where) if isinstance(value, dict) else []
    if kind == "list":
        found = _bounds(shape, len(value), value, where, "length")
        for index, item in enumerate(value, start=1):
            found += problems(shape.member, item, f"{where}.{index}.member")
        return found
    if kind == "map":
        found = _bounds(shape, len(value), value, where, "length")
        for key, item in value.items():
            found += problems(shape.key, key, f"{where}.key") + problems(shape.value, item, f"{where}.{key}.member")
        return found
    if kind == "string":
        return _string(shape, value, where) if isinstance(value, str) else []
    if kind in _NUMBERS and not isinstance(value, bool):
        return _bounds(shape, value, value, where, "value")
    return []


def _structure(shape: t.Any, value: dict[str, t.Any], where: str) -> list[Problem]:
    if getattr(shape, "is_document_type", False):
        return []
    found = []
    for name in shape.required_members:
        if value.get(name) is None:
            place = _join(where, name)
            words = f"Value null at '{place}' failed to satisfy constraint: Member must not be null"
            found.append(Problem(place, words, missing=True))
    for name, item in value.items():
        if name in shape.members:
            found += problems(shape.members[name], item, _join(where, name))
    return found


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _string(shape: t.Any, value: str, where: str) -> list[Problem]:
    if shape.enum:
        if value in shape.enum:
            return []
        return [_failed(value, where, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")]
    found = _bounds(shape, len(value), value, where, "length")
    pattern = shape.metadata.get("pattern")
    compiled = _compiled(pattern) if pattern else None
    if compiled is not None and not compiled.fullmatch(value):
        found.append(_failed(value, where, f"Member must satisfy regular expression pattern: {pattern}"))
    return found


def _bounds(shape: t.Any, measured: float, value: t.Any, where: str, what: str) -> list[Problem]:
    smallest, largest = shape.metadata.get("min"), shape.metadata.get("max")
    of = "length" if what == "length" else "value"
    if smallest is not None and measured < smallest:
        return [_failed(value, where, f"Member must have {of} greater than or equal to {smallest}")]
    if largest is not None and measured > largest:
        return [_failed(value, where, f"Member must have {of} less than or equal to {largest}")]
    return []


def _failed(value: t.Any, where: str, constraint: str) -> Problem:
    shown = str(value)
    shown = shown if len(shown) <= 200 else shown[:200] + "..."
    # Never show what may be a secret.
    if where.rsplit(".", 1)[-1].lower() in {"secretstring", "value", "password", "plaintext"}:
        shown = "***"
    return Problem(where, f"Value '{shown}' at '{where}' failed to satisfy constraint: {constraint}")


@functools.lru_cache(maxsize=2000)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """A model's pattern for Python, or None where it cannot be translated."""
    for java, python in _JAVA:
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern)
    except re.error:
        return None


def misfits(shape: t.Any, value: t.Any, where: str, skip: t.Collection[str] = ()) -> list[str]:
    """Members that the model does not know, and JSON values of the wrong type."""
    if value is None:
        return []
    kind = shape.type_name
    if kind == "structure":
        return _misfit_members(shape, value, where, skip) if isinstance(value, dict) else [_wrong(where, kind)]
    if kind == "list":
        if not isinstance(value, list):
            return [_wrong(where, kind)]
        return [words for item in value for words in misfits(shape.member, item, f"{where}[]")]
    if kind == "map":
        if not isinstance(value, dict):
            return [_wrong(where, kind)]
        return [words for key, item in value.items() for words in misfits(shape.value, item, f"{where}.{key}")]
    return [] if _scalar_fits(kind, value) else [_wrong(where, kind)]


def _misfit_members(shape: t.Any, value: dict[str, t.Any], where: str, skip: t.Collection[str]) -> list[str]:
    if getattr(shape, "is_document_type", False):
        return []
    members = {
        member.serialization.get("name", name): member for name, member in shape.members.items() if name not in skip
    }
    found = []
    for name, item in value.items():
        if name not in members:
            found.append(f"Unknown parameter: {_join(where, name)}")
        else:
            found += misfits(members[name], item, _join(where, name))
    return found


def _scalar_fits(kind: str, value: t.Any) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in {"integer", "long"}:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind in {"float", "double"}:
        return (isinstance(value, int | float) and not isinstance(value, bool)) or value in {
            "NaN",
            "Infinity",
            "-Infinity",
        }
    if kind == "timestamp":
        return isinstance(value, int | float | str) and not isinstance(value, bool)
    return isinstance(value, str)


def _wrong(where: str, kind: str) -> str:
    return f"Invalid type for parameter {where or 'input'}, expected {kind}"
