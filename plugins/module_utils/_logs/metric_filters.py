# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Metric filters of CloudWatch Logs, one function per API call.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call

_MISSING = ("ResourceNotFoundException",)


@aws_call("look up the metric filters of {group}", missing=_MISSING, default=[])
def list_filters(client: t.Any, group: str, prefix: str) -> list[dict[str, t.Any]]:
    pages = client.get_paginator("describe_metric_filters").paginate(logGroupName=group, filterNamePrefix=prefix)
    return [found for page in pages for found in page["metricFilters"]]


@aws_call("count lines of the log group {logGroupName}")
def put_filter(client: t.Any, request: dict[str, t.Any]) -> None:
    client.put_metric_filter(**request)


@aws_call("remove the metric filter {name} of {group}", missing=_MISSING)
def delete_filter(client: t.Any, group: str, name: str) -> None:
    client.delete_metric_filter(logGroupName=group, filterName=name)


__all__ = ("delete_filter", "list_filters", "put_filter")
