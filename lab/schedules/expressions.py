"""When a schedule's expression is due: `at(...)` and `rate(...)`.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

_AT = re.compile(r"^at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)$")
_RATE = re.compile(r"^rate\((\d+) (minutes?|hours?|days?)\)$")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def at(expression: str, timezone: str | None) -> float | None:
    """The one moment of a one-time schedule; None for another kind."""
    found = _AT.match(expression)
    if not found:
        return None
    return datetime.fromisoformat(found[1]).replace(tzinfo=ZoneInfo(timezone or "UTC")).timestamp()


def rate(expression: str) -> float | None:
    """Seconds between two times; None for another kind."""
    found = _RATE.match(expression)
    if not found or int(found[1]) < 1 or (found[1] == "1") == found[2].endswith("s"):
        return None
    return float(int(found[1]) * _SECONDS[found[2].rstrip("s")])
