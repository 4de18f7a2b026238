# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Whose an API key is and what it is for, told from its tags alone. Pure.

A key is made `pending`; proven, it becomes `current`, and the one before it `previous`; disabled for good, that one is
`retired`. Each step writes one tag, and between any two of them this module has one answer to which key is current.
"""

from __future__ import annotations

import datetime
import typing as t

from .._aws import InvalidInput

Key = dict[str, t.Any]
Shown = dict[str, t.Any]

STACK = "central-llm:stack"
CLIENT = "central-llm:client"
STATE = "central-llm:key-state"
RETIRED_AT = "central-llm:retired-at"

_PHASES = ("missing", "begun", "overlap", "retired", "steady")


def of_clients(
    keys: t.Iterable[Key],
    clients: t.Sequence[t.Mapping[str, t.Any]],
    stack: str,
    now: datetime.datetime,
    grace_hours: float,
) -> list[dict[str, t.Any]]:
    """Each client with its keys: those that are listed, in their order, then others of the stack."""
    found = list(keys)
    listed = [_client(client, _keys_of(client, found, stack), now, grace_hours) for client in clients]
    names = {client["name"] for client in clients}
    taken = {key["id"] for client in listed for key in client["keys"]}
    others: dict[str, list[Key]] = {}
    for key in found:
        name = key["tags"].get(CLIENT)
        if key["tags"].get(STACK) == stack and name and name not in names and key["id"] not in taken:
            others.setdefault(name, []).append(key)
    unlisted = [
        {**_client({"name": name}, theirs, now, grace_hours), "listed": False}
        for name, theirs in sorted(others.items())
    ]
    return listed + unlisted


def _keys_of(client: t.Mapping[str, t.Any], keys: t.Sequence[Key], stack: str) -> list[Key]:
    """By tags. A key that has none yet is adopted by its id, or by its name where that is the only one."""
    tagged, adopted, named = [], [], []
    for key in keys:
        tags = key["tags"]
        if (tags.get(STACK), tags.get(CLIENT)) == (stack, client["name"]):
            tagged.append(key)
        elif key["id"] == client.get("key_id"):
            adopted.append(key)
        elif key["name"] == client["name"] and CLIENT not in tags and tags.get(STACK, stack) == stack:
            named.append(key)
    if tagged or adopted:
        return tagged + adopted
    if client.get("key_id"):
        return []
    others = [key for key in keys if key["name"] == client["name"] and key not in named]
    if others and not named:
        key = others[0]
        raise InvalidInput(
            f"The API key {key['id']} is named {client['name']} and is not of {stack} (tags {key['tags']}). "
            "Name the client otherwise, or give it this key by its key_id."
        )
    if len(named) > 1:
        listed = ", ".join(f"{key['id']} (created {key['created_date']})" for key in named)
        raise InvalidInput(
            f"There are {len(named)} API keys named {client['name']}: {listed}. Names are not unique in API Gateway: "
            "give the client's key_id."
        )
    return named


def _client(
    client: t.Mapping[str, t.Any], keys: t.Iterable[Key], now: datetime.datetime, grace_hours: float
) -> dict[str, t.Any]:
    by_state: dict[str, list[Key]] = {"current": [], "pending": [], "previous": [], "retired": []}
    for key in sorted(keys, key=_order, reverse=True):
        state = key["tags"].get(STATE, "current")
        by_state[state if state in by_state else "current"].append(key)
    # The newest of two current keys is the one that a rotation has just made so; of a pair without a current one, the
    # newest previous one is what an abort has not yet replaced, or a rotation has just stepped back from.
    heirs = by_state["current"] or by_state["previous"]
    current = heirs[0] if heirs else None
    previous = [key for key in by_state["current"] + by_state["previous"] if key is not current]
    shown = {
        "current": _shown(current, "current", now, grace_hours) if current else {},
        "pending": [_shown(key, "pending", now, grace_hours) for key in by_state["pending"]],
        "previous": [_shown(key, "previous", now, grace_hours) for key in previous],
        "retired": [_shown(key, "retired", now, grace_hours) for key in by_state["retired"]],
    }
    return {
        "name": client["name"],
        "listed": True,
        "enabled": client.get("enabled") is not False,
        "plan": client.get("plan"),
        "key_id": client.get("key_id") or "",
        **shown,
        "keys": [*([shown["current"]] if current else []), *shown["pending"], *shown["previous"], *shown["retired"]],
        "wanted": _wanted(client, shown),
        "phase": _phase(shown),
        "return_to": _return_to(shown),
    }


def _phase(shown: t.Mapping[str, t.Any]) -> str:
    there = (
        not (shown["current"] or shown["pending"]),
        bool(shown["pending"]),
        bool(shown["previous"]),
        bool(shown["retired"]),
        True,
    )
    return next(phase for phase, holds in zip(_PHASES, there, strict=True) if holds)


def _return_to(shown: t.Mapping[str, t.Any]) -> Shown:
    """The key that an abort makes current again: the one before the current one, never one that came after it."""
    current = shown["current"]
    candidates = [key for key in shown["previous"] or shown["retired"] if current and _order(key) < _order(current)]
    return max(candidates, key=_order, default={})


def _order(key: Key) -> tuple[str, str, str]:
    """By age. AWS tells it in seconds, and the names of later keys have their time in them."""
    return key["created_date"], key["name"], key["id"]


def _wanted(client: t.Mapping[str, t.Any], shown: t.Mapping[str, t.Any]) -> list[Shown]:
    """The keys as they shall be: whoever is let in is so with each key that may be in use."""
    enabled = client.get("enabled") is not False
    common = {"client": client["name"], "enabled": enabled, "own_plan": bool(client.get("plan"))}
    current = shown["current"].get("id") or client.get("key_id") or ""
    return [
        {**common, "id": current, "state": "current", "label": client["name"]},
        *(
            {**common, "id": key["id"], "state": key["state"], "label": f"{client['name']} ({key['state']})"}
            for key in shown["pending"] + shown["previous"]
        ),
    ]


def _shown(key: Key, state: str, now: datetime.datetime, grace_hours: float) -> Shown:
    retired_at = key["tags"].get(RETIRED_AT, "") if state == "retired" else ""
    return {
        "id": key["id"],
        "name": key["name"],
        "state": state,
        "enabled": key["enabled"],
        "created_date": key["created_date"],
        "age_days": _hours_since(key["created_date"], now) // 24 if key["created_date"] else None,
        "retired_at": retired_at,
        # One whose end nobody noted is kept, unless nothing shall be.
        "due": state == "retired" and (grace_hours == 0 or (_hours_since(retired_at, now) or 0) >= grace_hours),
    }


def _hours_since(moment: str, now: datetime.datetime) -> int:
    try:
        then = datetime.datetime.fromisoformat(moment)
    except ValueError:
        return 0
    then = then if then.tzinfo else then.replace(tzinfo=datetime.UTC)
    return int((now - then).total_seconds() // 3600)


__all__ = ("CLIENT", "RETIRED_AT", "STACK", "STATE", "of_clients")
