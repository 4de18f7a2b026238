# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""A lock as one item of a table: whoever puts the item holds it until it expires. Pure.

AWS on locks with conditional writes:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
"""

from __future__ import annotations

import datetime
import typing as t

from .._aws import InvalidInput

Item = dict[str, t.Any]

_MAX_SECONDS = 7 * 24 * 3600


class Lock(t.NamedTuple):
    name: str
    owner: str
    purpose: str
    # Seconds since the epoch; the same attribute serves as the table's time to live.
    acquired_at: int
    expires_at: int
    # The process that holds it, on the owner's machine; 0 where nobody said.
    process: int = 0

    def as_dict(self) -> dict[str, t.Any]:
        return {**self._asdict(), "acquired_at": _iso(self.acquired_at), "expires_at": _iso(self.expires_at)}

    def as_item(self) -> Item:
        return {
            **item_key(self.name),
            "owner": {"S": self.owner},
            "purpose": {"S": self.purpose},
            "acquired_at": {"N": str(self.acquired_at)},
            "expires_at": {"N": str(self.expires_at)},
            "process": {"N": str(self.process)},
        }


def item_key(name: str) -> Item:
    return {"pk": {"S": f"lock#{name}"}}


def read(name: str, item: t.Mapping[str, t.Any] | None, *, now: int, own: tuple[str, int] = ("", 0)) -> Lock | None:
    """The lock as somebody holds it; an expired item is none, DynamoDB may keep it for days.

    An item of one's own, of this owner and process, says even then that nobody has held the lock since: whoever takes
    it writes over the item, and whoever gives it back removes it.
    """
    if not item:
        return None
    lock = Lock(
        name,
        item.get("owner", {}).get("S", ""),
        item.get("purpose", {}).get("S", ""),
        int(item.get("acquired_at", {}).get("N", 0)),
        int(item.get("expires_at", {}).get("N", 0)),
        int(item.get("process", {}).get("N", 0)),
    )
    is_own = lock.process != 0 and (lock.owner, lock.process) == own
    return lock if is_own or lock.expires_at > now else None


def wanted(
    held: Lock | None, *, name: str, owner: str, purpose: str, ttl_seconds: int, now: int, process: int = 0
) -> Lock:
    """The lock that the owner shall hold: its own one while at least half of its time is left, else a fresh time."""
    if held is None or held.owner != owner or held.process != process:
        return Lock(name, owner, purpose, now, now + ttl_seconds, process)
    if held.expires_at - now < ttl_seconds / 2:
        held = held._replace(expires_at=now + ttl_seconds)
    return held._replace(purpose=purpose or held.purpose)


def put_request(table: str, lock: Lock, *, now: int, force: bool, seen: Lock | None = None) -> Item:
    """PutItem that fails where somebody else holds the lock at this moment, whatever has been read before.

    `seen` is a lock of the same owner that was found to be free to take.
    """
    request: Item = {"TableName": table, "Item": lock.as_item()}
    if not force:
        # 'owner' is a reserved word. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
        request |= {
            "ConditionExpression": "attribute_not_exists(#pk) OR #expires_at <= :now OR "
            "(#owner = :owner AND (attribute_not_exists(#process) OR #process IN (:process, :seen)))",
            "ExpressionAttributeNames": {
                "#pk": "pk",
                "#owner": "owner",
                "#expires_at": "expires_at",
                "#process": "process",
            },
            "ExpressionAttributeValues": {
                ":owner": {"S": lock.owner},
                ":now": {"N": str(now)},
                ":process": {"N": str(lock.process)},
                ":seen": {"N": str(seen.process if seen else lock.process)},
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    return request


def delete_request(table: str, lock: Lock) -> Item:
    """DeleteItem of exactly the lock that was read: one that somebody took since stays."""
    return {
        "TableName": table,
        "Key": item_key(lock.name),
        "ConditionExpression": "#owner = :owner AND #acquired_at = :acquired_at",
        "ExpressionAttributeNames": {"#owner": "owner", "#acquired_at": "acquired_at"},
        "ExpressionAttributeValues": {":owner": {"S": lock.owner}, ":acquired_at": {"N": str(lock.acquired_at)}},
    }


def refusal(lock: Lock) -> str:
    """Who holds the lock, and what can be done."""
    purpose = f" for {lock.purpose}" if lock.purpose else ""
    process = f" (process {lock.process})" if lock.process else ""
    shown = lock.as_dict()
    return (
        f"The lock {lock.name} is held by {lock.owner}{process}{purpose} since {shown['acquired_at']} and until "
        f"{shown['expires_at']}. Wait for it, or when nobody works on it any more, take it over with force: true."
    )


def validate(options: t.Mapping[str, t.Any]) -> None:
    for option in ("table", "name", "owner"):
        if not options[option]:
            raise InvalidInput(f"{option} is empty.")
    if (options.get("process") or 0) < 0:
        raise InvalidInput(f"process is {options['process']}, it takes 0 or more.")
    if not 1 <= options["ttl_seconds"] <= _MAX_SECONDS:
        raise InvalidInput(f"ttl_seconds is {options['ttl_seconds']}, it takes 1 to {_MAX_SECONDS} (seven days).")


def _iso(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC).isoformat()


__all__ = ("Lock", "delete_request", "item_key", "put_request", "read", "refusal", "validate", "wanted")
