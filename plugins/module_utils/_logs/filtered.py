# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Events of a whole log group, as far as a pattern lets them through.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call


@aws_call("search the log group {name}")
def filter_events(
    client: t.Any, name: str, pattern: str, since: int, until: int | None = None
) -> list[dict[str, t.Any]]:
    """From this moment on, in milliseconds. An empty page does not mean the end, which the paginator knows."""
    end = {} if until is None else {"endTime": until}
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=name, filterPattern=pattern, startTime=since, **end
    )
    return [event for page in pages for event in page.get("events", [])]


__all__ = ("filter_events",)
