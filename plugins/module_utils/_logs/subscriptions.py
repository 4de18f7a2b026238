# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Subscription filters of CloudWatch Logs, one function per API call.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import contextlib
import typing as t

from .._aws import aws_call

_MISSING = ("ResourceNotFoundException",)
_EVENT = "needs-retry.cloudwatch-logs.PutSubscriptionFilter"
# AWS tries the function, whose new policy it may not know yet; a bad pattern has the same code, and other words.
_NOT_YET = "Could not execute the lambda function"
_DELAY = 2.0


@aws_call("look up the subscription filters of {group}", missing=_MISSING, default=[])
def list_filters(client: t.Any, group: str) -> list[dict[str, t.Any]]:
    pages = client.get_paginator("describe_subscription_filters").paginate(logGroupName=group)
    return [found for page in pages for found in page["subscriptionFilters"]]


@aws_call("subscribe to the log group {logGroupName}")
def put_filter(client: t.Any, request: dict[str, t.Any], timeout: int) -> None:
    """Tried again while the function does not let itself be invoked, for `timeout` seconds."""
    with _patience(client, timeout):
        client.put_subscription_filter(**request)


@aws_call("remove the subscription filter {name} of {group}", missing=_MISSING)
def delete_filter(client: t.Any, group: str, name: str) -> None:
    client.delete_subscription_filter(logGroupName=group, filterName=name)


@contextlib.contextmanager
def _patience(client: t.Any, timeout: int) -> t.Iterator[None]:
    """botocore waits between attempts for as long as a handler says."""

    def wait(response: t.Any = None, attempts: int = 0, **_other: t.Any) -> float | None:
        error = response[1].get("Error", {}) if response else {}
        waiting = _NOT_YET in error.get("Message", "") and attempts * _DELAY <= timeout
        return _DELAY if waiting else None

    client.meta.events.register_first(_EVENT, wait)
    try:
        yield
    finally:
        client.meta.events.unregister(_EVENT, wait)


__all__ = ("delete_filter", "list_filters", "put_filter")
