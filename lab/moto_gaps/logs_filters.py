"""Filter patterns: moto looks for a pattern's words as one text, and lets everything pass where it is a selector.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

from moto.logs import models

from lab import filter_patterns
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, guards


class EventMessageFilter:
    def __init__(self, pattern: str | None) -> None:
        self._pattern = filter_patterns.parse(pattern or "")

    def matches(self, message: str) -> bool:
        return self._pattern.matches(message)


def apply() -> None:
    models.EventMessageFilter = EventMessageFilter
    guards("logs", "FilterLogEvents", "PutSubscriptionFilter", "PutMetricFilter")(check)


def check(call: Call, params: Params) -> None:
    try:
        filter_patterns.parse(params.get("filterPattern") or "")
    except filter_patterns.BadPattern as error:
        raise AwsError("InvalidParameterException", f"Invalid filter pattern: {error}") from None
