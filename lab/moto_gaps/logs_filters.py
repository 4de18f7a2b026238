"""Filter patterns: moto looks for a pattern's words as one text, and lets everything pass where it is a selector. Nor
does it know FilterLogEvents newest first.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import typing as t

from moto.logs import models

from lab import filter_patterns
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, backend, guards, replaces

_NEWEST_FIRST_FROM = 1_704_067_200_000
_MOST_EVENTS = 10_000


class EventMessageFilter:
    def __init__(self, pattern: str | None) -> None:
        self._pattern = filter_patterns.parse(pattern or "")

    def matches(self, message: str) -> bool:
        return self._pattern.matches(message)


def apply() -> None:
    models.EventMessageFilter = EventMessageFilter
    guards("logs", "FilterLogEvents", "PutSubscriptionFilter", "PutMetricFilter")(check)
    replaces("logs", "FilterLogEvents")(newest_first)


def check(call: Call, params: Params) -> None:
    try:
        filter_patterns.parse(params.get("filterPattern") or "")
    except filter_patterns.BadPattern as error:
        raise AwsError("InvalidParameterException", f"Invalid filter pattern: {error}") from None


def newest_first(call: Call, params: Params) -> Params | None:
    if params.get("startFromHead", True):
        return None
    since = params.get("startTime", 0)
    if since < _NEWEST_FIRST_FROM:
        raise AwsError("InvalidParameterException", "startFromHead false takes a startTime of 2024-01-01 or later.")
    group: t.Any = backend("logs", call.region).groups.get(params.get("logGroupName"))
    if group is None:
        return None
    names = params.get("logStreamNames") or group.streams
    found = [
        event
        for name in names
        if name in group.streams
        for event in group.streams[name].filter_log_events(since, params.get("endTime"), params.get("filterPattern"))
    ]
    found.sort(key=lambda event: event["timestamp"], reverse=True)
    first = int(params.get("nextToken") or 0)
    last = first + params.get("limit", _MOST_EVENTS)
    more = {"nextToken": str(last)} if last < len(found) else {}
    return {"events": found[first:last], "searchedLogStreams": [], **more}
