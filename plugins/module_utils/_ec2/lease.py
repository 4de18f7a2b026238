# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Leases of hosts: a moment in a tag, until which a host may run. Pure."""

from __future__ import annotations

import re
import typing as t
from datetime import UTC, datetime

# Tags in instance metadata take neither a slash nor a space in their keys.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/work-with-tags-in-IMDS.html
TAG = "central-llm:lease-until"
_FORM = "%Y-%m-%dT%H:%M:%SZ"
_UTC = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")


def parse(text: str | None) -> datetime | None:
    """The moment that a lease ends; None for what is none."""
    if text is None or not _UTC.match(text):
        return None
    try:
        return datetime.strptime(text, _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None


def write(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_FORM)


def running(leases: t.Iterable[str | None], now: datetime) -> str | None:
    """Of the leases that are not over, the one that ends last."""
    ends = [end for end in map(parse, leases) if end is not None and end > now]
    return write(max(ends)) if ends else None


def left(until: str | None, now: datetime) -> int:
    """Seconds that are left of a lease; 0 for one that is over or none."""
    end = parse(until)
    return max(0, int((end - now).total_seconds())) if end else 0


__all__ = ("TAG", "left", "parse", "running", "write")
