"""Whether two results are the same, but for what AWS makes up: ids, values of keys and times."""

from __future__ import annotations

import re
import typing as t

_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:\d\d|Z)?")
# Secrets Manager appends a hyphen and six characters to the name, in ARNs.
_SECRET = re.compile(r"(:secret:[\w/+=.@-]+)-[0-9A-Za-z]{6}\b")
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_WORD = re.compile(rf"{_UUID}|[0-9A-Za-z]+")
# What AWS makes up: mostly with a digit in it, but six or ten characters (API Gateway's ids) may be letters alone. A
# word of that length passes for made up only until it stands for itself somewhere.
_MADE_UP = re.compile(rf"{_UUID}|(?=.*\d)[0-9a-z]{{6,}}|[0-9a-z]{{6}}|[0-9a-z]{{10}}|[0-9A-Za-z]{{40}}")
# What depends on when it was asked.
_COUNTDOWNS = frozenset({"seconds_left"})


class Renaming:
    """The names on the one side for those on the other, one to one: twins must not hide behind each other."""

    def __init__(self) -> None:
        self._there: dict[str, str] = {}
        self._back: dict[str, str] = {}

    def takes(self, one: str, other: str) -> bool:
        if not (_MADE_UP.fullmatch(one) and _MADE_UP.fullmatch(other)):
            return one == other
        return self._there.setdefault(one, other) == other and self._back.setdefault(other, one) == one


def differences(one: t.Any, other: t.Any, renaming: Renaming, where: str = "") -> list[str]:
    """Where two results differ, as paths with both values."""
    if isinstance(one, dict) and isinstance(other, dict):
        only = [f"{where}.{key}: only on one side" for key in one.keys() ^ other.keys()]
        shared = sorted((one.keys() & other.keys()) - _COUNTDOWNS)
        return only + [
            found for key in shared for found in differences(one[key], other[key], renaming, f"{where}.{key}")
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [found for index, pair in pairs for found in differences(*pair, renaming, f"{where}[{index}]")]
    if isinstance(one, str) and isinstance(other, str):
        same = _same_text(_masked(one), _masked(other), renaming)
    else:
        same = type(one) is type(other) and one == other
    return [] if same else [f"{where}: {one!r} and {other!r}"]


def _masked(text: str) -> str:
    return _SECRET.sub(r"\1", _TIME.sub("(time)", text))


def _same_text(one: str, other: str, renaming: Renaming) -> bool:
    if _WORD.sub("", one) != _WORD.sub("", other):
        return False
    return all(map(renaming.takes, _WORD.findall(one), _WORD.findall(other)))
