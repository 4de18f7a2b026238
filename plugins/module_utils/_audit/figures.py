# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What the records of a period come to, as a whole and by user, source, request type, key, model and day. Pure."""

from __future__ import annotations

import typing as t

Item = t.Mapping[str, t.Any]
Row = dict[str, t.Any]

# What a group is called -> the attribute that tells it
GROUPS = {
    "user": "user",
    "source": "source",
    "request type": "request_type",
    "key": "key_id",
    "model": "model",
    "day": "day",
}
# For requests that were refused before anybody read who asked.
UNKNOWN = "(unknown)"
COLUMNS = (
    "requests",
    "refused",
    "throttled",
    "failed",
    "unfinished",
    "prompt_tokens",
    "completion_tokens",
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_p99_ms",
    "first_byte_p50_ms",
    "first_byte_p95_ms",
    "usd",
)


def figures(items: t.Sequence[Item], begin: str, end: str, usd: float | None) -> Row:
    """`usd` is what the period has cost, of which each has its part by its tokens."""
    price = _price(items, usd)
    groups = {name: _by(items, attribute, price) for name, attribute in GROUPS.items()}
    return {"from": begin, "to": end, "total": _row("all", items, price), "groups": groups}


def _by(items: t.Sequence[Item], attribute: str, price: t.Callable[[t.Sequence[Item]], float | None]) -> list[Row]:
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(str(item.get(attribute) or UNKNOWN), []).append(item)
    rows = [_row(name, some, price) for name, some in found.items()]
    if attribute == "day":
        return sorted(rows, key=lambda row: str(row["name"]))
    return sorted(
        rows, key=lambda row: (-row["prompt_tokens"] - row["completion_tokens"], -row["requests"], row["name"])
    )


def _row(name: str, items: t.Sequence[Item], price: t.Callable[[t.Sequence[Item]], float | None]) -> Row:
    statuses = [item.get("gateway_status") or item.get("engine_status") or 0 for item in items]
    latencies = _values(items, "gateway_latency_ms", "engine_total_ms")
    first_bytes = _values(items, "engine_first_byte_ms")
    return {
        "name": name,
        "requests": len(items),
        "refused": sum(400 <= status < 500 for status in statuses),
        "throttled": sum(status == 429 for status in statuses),
        "failed": sum(
            status >= 500 or item.get("outcome") == "failed" for status, item in zip(statuses, items, strict=True)
        ),
        "unfinished": sum(item.get("outcome") in ("client_gone", "aborted", "cancelled") for item in items),
        "prompt_tokens": sum(item.get("prompt_tokens", 0) for item in items),
        "completion_tokens": sum(item.get("completion_tokens", 0) for item in items),
        "latency_p50_ms": percentile(latencies, 50),
        "latency_p95_ms": percentile(latencies, 95),
        "latency_p99_ms": percentile(latencies, 99),
        "first_byte_p50_ms": percentile(first_bytes, 50),
        "first_byte_p95_ms": percentile(first_bytes, 95),
        "usd": price(items),
    }


def _values(items: t.Iterable[Item], name: str, other: str = "") -> list[int]:
    found = (item.get(name, item.get(other)) for item in items)
    return sorted(value for value in found if isinstance(value, int))


def percentile(values: t.Sequence[int], percent: int) -> int | None:
    """By the nearest rank, of sorted values: always one that was measured."""
    return values[max(0, -(-len(values) * percent // 100) - 1)] if values else None


def _price(items: t.Sequence[Item], usd: float | None) -> t.Callable[[t.Sequence[Item]], float | None]:
    whole = _weight(items)

    def price(some: t.Sequence[Item]) -> float | None:
        if usd is None:
            return None
        return round(usd * _weight(some) / whole, 4) if whole else 0.0

    return price


def _weight(items: t.Iterable[Item]) -> int:
    return sum(item.get("prompt_tokens", 0) + item.get("completion_tokens", 0) for item in items)


__all__ = ("COLUMNS", "GROUPS", "UNKNOWN", "figures", "percentile")
