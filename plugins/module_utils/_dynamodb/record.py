# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""A document under the key kind#name of a table. Pure."""

from __future__ import annotations

import json
import re
import typing as t

from .._aws import InvalidInput

Item = dict[str, t.Any]

_KIND = re.compile(r"[a-z][a-z0-9-]*")
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
_MAX_BYTES = 400 * 1024
_RESERVED = "lock"


class Record(t.NamedTuple):
    kind: str
    name: str
    value: dict[str, t.Any]
    # Seconds since the epoch at which the table may forget it; none keeps it.
    expires_at: int | None = None

    def as_dict(self) -> dict[str, t.Any]:
        return self._asdict()

    def as_item(self) -> Item:
        # One text: DynamoDB's own types would turn a number into another one on its way back.
        item = {**item_key(self.kind, self.name), "value": {"S": encode(self.value)}}
        return item if self.expires_at is None else {**item, "expires_at": {"N": str(self.expires_at)}}


def item_key(kind: str, name: str) -> Item:
    return {"pk": {"S": f"{kind}#{name}"}}


def encode(value: t.Mapping[str, t.Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read(item: t.Mapping[str, t.Any] | None, *, now: int) -> Record | None:
    """The record of an item; one that has expired is none, DynamoDB may keep it for days."""
    if not item or "value" not in item:
        return None
    kind, _sign, name = item["pk"]["S"].partition("#")
    expires_at = int(item["expires_at"]["N"]) if "expires_at" in item else None
    if expires_at is not None and expires_at <= now:
        return None
    return Record(kind, name, json.loads(item["value"]["S"]), expires_at)


def newest(items: t.Iterable[t.Mapping[str, t.Any]], *, now: int, limit: int | None) -> list[Record]:
    """By name, the last one first: names that begin with a time are then in its order."""
    found = filter(None, (read(item, now=now) for item in items))
    return sorted(found, key=lambda record: record.name, reverse=True)[:limit]


def validate(options: t.Mapping[str, t.Any]) -> None:
    for option in ("table", "kind"):
        if not options[option]:
            raise InvalidInput(f"{option} is empty.")
    if not _KIND.fullmatch(options["kind"]) or options["kind"] == _RESERVED:
        raise InvalidInput(
            f"kind is {options['kind']!r}: it takes lower-case letters, digits and hyphens, and is not {_RESERVED!r}, "
            "which central.llm.state_lock uses."
        )
    if options.get("value") is not None and len(encode(options["value"]).encode()) > _MAX_BYTES:
        raise InvalidInput(f"value is longer than the {_MAX_BYTES} bytes that an item of DynamoDB may have.")
    if (options.get("keep_days") or 1) < 1:
        raise InvalidInput(f"keep_days is {options['keep_days']}, it takes 1 or more.")


__all__ = ("Record", "encode", "item_key", "newest", "read", "validate")
