# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The lines of both logs against the records that were made of them. Pure.

The keys and digests are those of the ingest function (functions/ingest/core.py); a test holds the two together.
"""

from __future__ import annotations

import hashlib
import json
import re
import typing as t

MARK = '{"central_llm_audit":'
_ID = re.compile(r"[!-~]{1,256}")
ENGINE_ROUTES = "/v1/"
# So many ids are named; the count tells of the rest.
MOST_NAMED = 100

Event = t.Mapping[str, t.Any]
Item = t.Mapping[str, t.Any]


class Line(t.NamedTuple):
    """A line of a log, by the request that it tells of; None where it names none."""

    key: str | None
    event: Event


def gateway_lines(events: t.Iterable[Event], field: str) -> list[Line]:
    pattern = re.compile(rf'"{re.escape(field)}"\s*:\s*"([^"]*)"')
    found = []
    for event in events:
        match = pattern.search(event["message"])
        key = match[1] if match else None
        found.append(Line(key if key and key != "-" and _ID.fullmatch(key) else None, event))
    return found


def engine_lines(events: t.Iterable[Event]) -> list[Line]:
    """Those that are records; an engine says other things, too."""
    found = []
    for event in events:
        at = event["message"].find(MARK)
        if at < 0:
            continue
        text = event["message"][at:].strip()
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            found.append(Line(None, event))
            continue
        key = document.get("gateway_request_id") if isinstance(document, dict) else None
        if not isinstance(key, str) or not _ID.fullmatch(key):
            key = f"direct#{digest(text)}"
        found.append(Line(key, event))
    return found


def digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()


def missing(lines: t.Iterable[Line], items: t.Mapping[str, Item], side: str) -> list[Line]:
    """The lines whose request has no record of this side; those that name none have gone to the dead-letter queue."""
    return [line for line in lines if line.key is not None and f"{side}_line" not in items.get(line.key, {})]


def compare(
    gateway: list[Line], engine: list[Line], items: t.Mapping[str, Item], known: t.Sequence[Item]
) -> dict[str, t.Any]:
    """`items` are all that could belong to these lines, `known` those of the period."""
    sides = {"gateway": gateway, "engine": engine}
    lacking = {side: missing(lines, items, side) for side, lines in sides.items()}
    unreadable = {side: sum(line.key is None for line in lines) for side, lines in sides.items()}
    count = len(gateway) + len(engine)
    lost = sum(map(len, lacking.values())) + sum(unreadable.values())
    return {
        **{
            side: {
                "lines": len(lines),
                "missing": len(lacking[side]),
                "missing_ids": _named(line.key for line in lacking[side]),
                "unreadable": unreadable[side],
            }
            for side, lines in sides.items()
        },
        # The gateway had an answer from the engine, of which the engine does not tell: its line was lost.
        "without_engine": _named(
            item["request_id"]
            for item in known
            if "gateway_line" in item and "engine_line" not in item and _reached_the_engine(item)
        ),
        "without_gateway": _named(
            item["request_id"]
            for item in known
            if "engine_line" in item and "gateway_line" not in item and not item["request_id"].startswith("direct#")
        ),
        "direct": sum(item["request_id"].startswith("direct#") for item in known),
        "duplicates": _named(
            item["request_id"] for item in known if item.get("gateway_more") or item.get("engine_more")
        ),
        "completeness_percent": round(100 * (count - lost) / count, 3) if count else 100.0,
    }


def _reached_the_engine(item: Item) -> bool:
    """What the gateway answers by itself, such as /healthz, has an integration too, and none of the engine's routes."""
    return item.get("integration_status") is not None and str(item.get("route", "")).startswith(ENGINE_ROUTES)


def _named(ids: t.Iterable[str | None]) -> list[str]:
    return sorted({each for each in ids if each is not None})[:MOST_NAMED]


__all__ = ("MARK", "Line", "compare", "digest", "engine_lines", "gateway_lines", "missing")
