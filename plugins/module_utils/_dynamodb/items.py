# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Items as DynamoDB writes them, and as plain values. Pure.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from __future__ import annotations

import typing as t


def plain(item: t.Mapping[str, t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    return {name: _value(value) for name, value in sorted(item.items())}


def _value(typed: t.Mapping[str, t.Any]) -> t.Any:
    ((kind, value),) = typed.items()
    if kind == "N":
        return _number(value)
    if kind == "NS":
        return sorted(map(_number, value))
    if kind == "SS":
        return sorted(value)
    if kind == "L":
        return [_value(each) for each in value]
    if kind == "M":
        return plain(value)
    return None if kind == "NULL" else value


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)


__all__ = ("plain",)
