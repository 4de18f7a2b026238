"""How much of its quota each API key has used: counted by day in UTC, read by GetUsage and by the edge.

A quota's offset is the day on which its period starts, as the service enforces it (0 only for DAY, 0 to 6 for
WEEK, 0 to 27 for MONTH) and as its SDKs' types documented it ("with a time period of WEEK, an offset of 0 starts on
Sunday, and an offset of 1 starts on Monday"). The API reference of today says "the number of requests subtracted
from the given limit in the initial time period", which does not go with those ranges.
"""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Mapping
from datetime import date, timedelta

Quota = Mapping[str, t.Any]
"""A usage plan's QuotaSettings: limit, offset, period."""


def window_start(period: str, offset: int, day: date) -> date:
    """The first day of the period that a day belongs to."""
    if period == "WEEK":
        sunday_based = day.isoweekday() % 7
        return day - timedelta(days=(sunday_based - offset) % 7)
    if period == "MONTH":
        first = day.replace(day=1 + offset)
        if day >= first:
            return first
        return (day.replace(day=1) - timedelta(days=1)).replace(day=1 + offset)
    return day


class UsageStore:
    """Counts by usage plan, key and day; safe between the edge's thread and the control plane's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], dict[date, int]] = {}

    def consume(self, plan_id: str, key_id: str, quota: Quota | None, day: date) -> bool:
        """Counts a request, unless that would exceed the quota. Without a quota every request counts."""
        with self._lock:
            if quota and quota.get("limit") is not None and self._used(plan_id, key_id, quota, day) >= quota["limit"]:
                return False
            days = self._counts.setdefault((plan_id, key_id), {})
            days[day] = days.get(day, 0) + 1
            return True

    def _used(self, plan_id: str, key_id: str, quota: Quota, day: date) -> int:
        first = window_start(quota.get("period") or "DAY", quota.get("offset") or 0, day)
        days = self._counts.get((plan_id, key_id), {})
        return sum(count for counted_on, count in days.items() if first <= counted_on <= day)

    def read(
        self, plan_id: str, quota: Quota | None, first: date, last: date, key_id: str | None = None
    ) -> dict[str, list[list[int]]]:
        """GetUsage's items: for each key a pair [used that day, left of the quota after it] for every day.

        Without a quota nothing is left to count down from, and the second number is 0.
        """
        span = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        with self._lock:
            return {
                key: [[days.get(day, 0), self._left(plan_id, key, quota, day)] for day in span]
                for (plan, key), days in self._counts.items()
                if plan == plan_id and key_id in (None, key)
            }

    def _left(self, plan_id: str, key_id: str, quota: Quota | None, day: date) -> int:
        if not quota or quota.get("limit") is None:
            return 0
        return max(0, int(quota["limit"]) - self._used(plan_id, key_id, quota, day))


STORE = UsageStore()
"""The lab's own: the edge counts into it, the control plane's GetUsage reads it (ids are unique in a process)."""


def read(
    plan_id: str, quota: Quota | None, first: date, last: date, key_id: str | None = None
) -> dict[str, list[list[int]]]:
    """What GetUsage answers as `items` for a plan with this quota, between two days, both included."""
    return STORE.read(plan_id, quota, first, last, key_id)
