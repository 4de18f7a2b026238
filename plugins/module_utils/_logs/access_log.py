# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Who used which API key, told from lines of an access log. Pure."""

from __future__ import annotations

import datetime
import json
import re
import typing as t

# A pattern has 1024 characters at most.
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
MOST_KEYS = 18
# What this collection calls itself where it proves a key, so that a log tells its requests from those of clients.
OWN_AGENT = "central-llm"
_FIELD = re.compile(r"[A-Za-z0-9_-]{1,24}")
_KEY_ID = re.compile(r"[a-z0-9]{1,20}")

Event = t.Mapping[str, t.Any]


def is_field(name: str) -> bool:
    return bool(_FIELD.fullmatch(name))


def is_key_id(name: str) -> bool:
    return bool(_KEY_ID.fullmatch(name))


def pattern(field: str, key_ids: t.Sequence[str]) -> str:
    """What finds the lines of these keys.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """
    return "{ " + " || ".join(f'$.{field} = "{key_id}"' for key_id in key_ids) + " }"


def usage(
    events: t.Iterable[Event], key_ids: t.Sequence[str], key_field: str, address_field: str
) -> list[dict[str, t.Any]]:
    """One entry a key that was used; what is no line of one of these keys is passed over."""
    times: dict[str, dict[str, list[int]]] = {}
    for event in events:
        line = _line(event["message"])
        key_id = line.get(key_field)
        if key_id in key_ids:
            address = str(line.get(address_field) or "unknown")
            times.setdefault(str(key_id), {}).setdefault(address, []).append(event["timestamp"])
    return [_of_key(key_id, times[key_id]) for key_id in dict.fromkeys(key_ids) if key_id in times]


def by_client(event: Event, key_ids: t.Sequence[str], key_field: str, agent_field: str) -> bool:
    """Whether it is a line of one of these keys, and not of a proof of this collection's own."""
    line = _line(event["message"])
    return line.get(key_field) in key_ids and line.get(agent_field) != OWN_AGENT


def _line(message: str) -> dict[str, t.Any]:
    try:
        found = json.loads(message)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _of_key(key_id: str, by_address: t.Mapping[str, list[int]]) -> dict[str, t.Any]:
    newest_first = sorted(by_address.items(), key=lambda item: max(item[1]), reverse=True)
    return {
        "key_id": key_id,
        "requests": sum(map(len, by_address.values())),
        "last_used": _iso(max(map(max, by_address.values()))),
        "addresses": [
            {"address": address, "requests": len(moments), "last_used": _iso(max(moments))}
            for address, moments in newest_first
        ],
    }


def _iso(milliseconds: int) -> str:
    moment = datetime.datetime.fromtimestamp(milliseconds / 1000, tz=datetime.UTC)
    return moment.isoformat(timespec="seconds")


__all__ = ("MOST_KEYS", "OWN_AGENT", "by_client", "is_field", "is_key_id", "pattern", "usage")
