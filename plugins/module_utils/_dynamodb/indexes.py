# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Global secondary indexes: which are there, which are asked for, and what lies between. Pure.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
"""

from __future__ import annotations

import re
import typing as t

from .._aws import InvalidInput

Index = dict[str, t.Any]
_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
_MOST = 20


class Plan(t.NamedTuple):
    create: list[Index]
    delete: list[str]
    after: list[Index]


def described(table: t.Mapping[str, t.Any], types: t.Mapping[str, str]) -> list[Index]:
    """As this collection writes them, by name; one that is being deleted is none any more."""
    found = []
    for index in table.get("GlobalSecondaryIndexes") or []:
        if index.get("IndexStatus") == "DELETING":
            continue
        keys = {item["KeyType"]: item["AttributeName"] for item in index["KeySchema"]}
        partition, sort = keys["HASH"], keys.get("RANGE")
        found.append(
            {
                "name": index["IndexName"],
                "partition_key": {"name": partition, "type": types[partition]},
                "sort_key": {"name": sort, "type": types[sort]} if sort else {},
                "projection": index.get("Projection", {}).get("ProjectionType", "ALL"),
            }
        )
    return sorted(found, key=lambda index: str(index["name"]))


def plan(current: t.Sequence[Index], desired: t.Sequence[Index] | None, *, purge: bool) -> Plan:
    if desired is None:
        return Plan([], [], list(current))
    known = {index["name"]: index for index in current}
    wanted = {index["name"]: normal(index) for index in desired}
    for name, index in wanted.items():
        if name in known and known[name] != index:
            raise InvalidInput(
                f"The index {name} is {_words(known[name])}, {_words(index)} is asked for, and AWS cannot change an "
                "index. Use another name."
            )
    create = [index for name, index in wanted.items() if name not in known]
    delete = [name for name in known if name not in wanted] if purge else []
    kept = {name: index for name, index in known.items() if name not in delete}
    return Plan(create, delete, [(kept | wanted)[name] for name in sorted(kept | wanted)])


def normal(index: Index) -> Index:
    return {
        "name": index["name"],
        "partition_key": dict(index["partition_key"]),
        "sort_key": dict(index.get("sort_key") or {}),
        "projection": index["projection"],
    }


def request_of(index: Index) -> dict[str, t.Any]:
    keys = [("HASH", index["partition_key"])] + ([("RANGE", index["sort_key"])] if index["sort_key"] else [])
    return {
        "IndexName": index["name"],
        "KeySchema": [{"AttributeName": key["name"], "KeyType": kind} for kind, key in keys],
        "Projection": {"ProjectionType": index["projection"]},
    }


def attributes_of(*keys: t.Mapping[str, str]) -> list[dict[str, str]]:
    """The definitions of these keys' attributes, each once."""
    types = {key["name"]: key["type"] for key in keys if key}
    return [{"AttributeName": name, "AttributeType": types[name]} for name in types]


def keys_of(indexes: t.Iterable[Index]) -> list[dict[str, str]]:
    return [key for index in indexes for key in (index["partition_key"], index["sort_key"]) if key]


def validate(indexes: t.Sequence[Index], table_keys: t.Sequence[t.Mapping[str, str]]) -> None:
    names = [index["name"] for index in indexes]
    if len(set(names)) != len(names) or len(names) > _MOST:
        raise InvalidInput(f"indexes: {', '.join(names)}: each has a name of its own, and there are {_MOST} at most.")
    for name in names:
        if not _NAME.fullmatch(name):
            raise InvalidInput(f"indexes: {name!r}: a name has 3 to 255 letters, digits, '_', '.' and '-'.")
    types: dict[str, str] = {}
    for key in [*table_keys, *keys_of([normal(index) for index in indexes])]:
        if types.setdefault(key["name"], key["type"]) != key["type"]:
            raise InvalidInput(f"indexes: the attribute {key['name']} has one type, not two.")


def _words(index: Index) -> str:
    keys = [f"{key['name']} ({key['type']})" for key in (index["partition_key"], index["sort_key"]) if key]
    return f"by {' and '.join(keys)} with {index['projection']}"


__all__ = ("Plan", "attributes_of", "described", "keys_of", "normal", "plan", "request_of", "validate")
