# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Schedule expressions. Pure.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import re
from datetime import datetime

_RATE = re.compile(r"^rate\(([1-9]\d*) (minute|hour|day)(s?)\)$")
_CRON = re.compile(r"^cron\((\S+ ){5}\S+\)$")


def wrong_with(expression: str) -> str | None:
    """Why AWS would refuse it; None for one that it takes."""
    if expression.startswith("at("):
        try:
            # Only this one form: no fractions, no zone.
            datetime.strptime(expression, "at(%Y-%m-%dT%H:%M:%S)")
        except ValueError:
            return "is no moment; write at(yyyy-mm-ddThh:mm:ss), in the time zone of the schedule."
        return None
    if expression.startswith("rate("):
        found = _RATE.match(expression)
        # The unit of 1 has no s, all others have one.
        if not found or (found[1] == "1") == bool(found[3]):
            return "is no rate; write rate(1 minute), rate(5 minutes), with minute, hour or day."
        return None
    if expression.startswith("cron("):
        return None if _CRON.match(expression) else "is no cron expression; it has six fields, the last is the year."
    return "is none of at(...), rate(...) and cron(...)."


__all__ = ("wrong_with",)
