# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Subscription filters of CloudWatch Logs, one function per API call.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call
from .._patience import patience

_MISSING = ("ResourceNotFoundException",)
# AWS tries the function or the stream, whose policy or role it may not know yet; a bad pattern has the same code.
_NOT_YET = ("Could not execute the lambda function", "Could not deliver test message to specified Firehose stream")


@aws_call("look up the subscription filters of {group}", missing=_MISSING, default=[])
def list_filters(client: t.Any, group: str) -> list[dict[str, t.Any]]:
    pages = client.get_paginator("describe_subscription_filters").paginate(logGroupName=group)
    return [found for page in pages for found in page["subscriptionFilters"]]


@aws_call("subscribe to the log group {logGroupName}")
def put_filter(client: t.Any, request: dict[str, t.Any], timeout: int) -> None:
    """Tried again while the function does not let itself be invoked, or the role not yet be assumed."""
    with patience(client, "PutSubscriptionFilter", _NOT_YET, timeout):
        client.put_subscription_filter(**request)


@aws_call("remove the subscription filter {name} of {group}", missing=_MISSING)
def delete_filter(client: t.Any, group: str, name: str) -> None:
    client.delete_subscription_filter(logGroupName=group, filterName=name)


__all__ = ("delete_filter", "list_filters", "put_filter")
