# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Events of a whole log group, as far as a pattern lets them through.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call, members_of

# 2024-01-01, before which nothing is read newest first.
_NEWEST_FIRST_FROM = 1_704_067_200_000

Event = dict[str, t.Any]


@aws_call("search the log group {name}")
def filter_events(client: t.Any, name: str, pattern: str, since: int, until: int | None = None) -> list[Event]:
    """From this moment on, in milliseconds. An empty page does not mean the end, which the paginator knows."""
    end = {} if until is None else {"endTime": until}
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=name, filterPattern=pattern, startTime=since, **end
    )
    return [event for page in pages for event in page.get("events", [])]


@aws_call("search the log group {name}")
def newest_event(client: t.Any, name: str, pattern: str, since: int, wanted: t.Callable[[Event], bool]) -> Event | None:
    """The newest event that is wanted, None where none is. An SDK of before 2026-06-18 reads them all for it."""
    order = {"startFromHead": False} if "startFromHead" in members_of(client, "FilterLogEvents") else {}
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=name, filterPattern=pattern, startTime=max(since, _NEWEST_FIRST_FROM), **order
    )
    found = (event for page in pages for event in page.get("events", []) if wanted(event))
    return next(found, None) if order else max(found, key=lambda event: event["timestamp"], default=None)


__all__ = ("filter_events", "newest_event")
