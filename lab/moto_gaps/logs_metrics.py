"""Metrics out of logs: moto keeps metric filters and counts no line, and knows no embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
"""

from __future__ import annotations

import re
import typing as t

from moto.logs.models import LogStream

from lab import filter_patterns
from lab.control import current
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, amends, backend, guards
from lab.metrics import lines, series

MOST_FILTERS = 100
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?\Z")
# Group, filter and minute -> whose default value was reported
_defaults: dict[tuple[str, str], int] = {}
_put = LogStream.put_log_events


def apply() -> None:
    guards("logs", "PutMetricFilter")(check)
    guards("logs", "DescribeMetricFilters")(require_group)
    guards("logs", "DeleteMetricFilter")(require_filter)
    guards("logs", "DeleteLogGroup")(forget)
    amends("cloudwatch", "PutMetricData")(take)
    LogStream.put_log_events = put


@current.on_reset
def clear() -> None:
    _defaults.clear()


def invalid(what: str) -> AwsError:
    return AwsError("InvalidParameterException", what)


def require_group(call: Call, params: Params) -> None:
    name = params.get("logGroupName")
    if name is not None and name not in backend("logs", call.region).groups:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")


def require_filter(call: Call, params: Params) -> None:
    require_group(call, params)
    if all(each["filterName"] != params["filterName"] for each in filters(call.region, params["logGroupName"])):
        raise AwsError("ResourceNotFoundException", "The specified metric filter does not exist.")


def forget(call: Call, params: Params) -> None:
    """A group takes its filters with it."""
    for each in filters(call.region, params["logGroupName"]):
        backend("logs", call.region).delete_metric_filter(each["filterName"], params["logGroupName"])


def filters(region: str, group: str) -> list[dict[str, t.Any]]:
    found: list[dict[str, t.Any]] = backend("logs", region).describe_metric_filters(log_group_name=group)
    return found


def check(call: Call, params: Params) -> None:
    require_group(call, params)
    logs: t.Any = backend("logs", call.region)
    group = logs.groups[params["logGroupName"]]
    if getattr(group, "log_group_class", "STANDARD") not in (None, "STANDARD"):
        raise invalid("Metric filters are not supported for the log class of this log group.")
    (made,) = params["metricTransformations"]
    value, dimensions = made["metricValue"], made.get("dimensions") or {}
    if not _NUMBER.match(value) and not value.startswith("$"):
        raise invalid(f"Invalid metric transformation: {value} is neither a number nor a field.")
    if dimensions and made.get("defaultValue") is not None:
        raise invalid("Invalid metric transformation: dimensions and default value are mutually exclusive properties.")
    if len(dimensions) > 3:
        raise invalid("Invalid metric transformation: at most 3 dimensions are allowed.")
    names = {each["filterName"] for each in filters(call.region, params["logGroupName"])}
    if params["filterName"] in names:
        # moto would keep both.
        logs.delete_metric_filter(params["filterName"], params["logGroupName"])
    elif len(names) >= MOST_FILTERS:
        raise AwsError("LimitExceededException", "Resource limit exceeded.")


def take(call: Call, params: Params, _output: Params) -> None:
    for each in params["MetricData"]:
        dimensions = {dimension["Name"]: dimension["Value"] for dimension in each.get("Dimensions") or []}
        values = each.get("Values") or ([each["Value"]] if "Value" in each else [])
        counts = each.get("Counts") or [1] * len(values)
        flat = [float(value) for value, count in zip(values, counts, strict=True) for _ in range(int(count))]
        series.note(call.region, params["Namespace"], each["MetricName"], dimensions, flat)


def put(self: t.Any, log_events: list[dict[str, t.Any]]) -> str:
    token = _put(self, log_events)
    messages = [event["message"] for event in log_events]
    for message in messages:
        for found in lines.embedded(message):
            series.publish(self.region, found.namespace, found.name, found.dimensions, found.values)
    for each in filters(self.region, self.log_group.name):
        count(self.region, each, messages)
    return str(token)


def count(region: str, each: dict[str, t.Any], messages: list[str]) -> None:
    pattern = filter_patterns.parse(each["filterPattern"] or "")
    (made,) = each["metricTransformations"]
    namespace, name = made["metricNamespace"], made["metricName"]
    matching = [message for message in messages if pattern.matches(message)]
    for message in matching:
        value = lines.amount(message, made["metricValue"])
        dimensions = {key: lines.field(message, field) for key, field in (made.get("dimensions") or {}).items()}
        if value is not None and None not in dimensions.values():
            series.publish(region, namespace, name, t.cast("dict[str, str]", dimensions), [value])
    default = made.get("defaultValue")
    if default is None or matching:
        return
    # Of each minute in which lines came and none of them counted.
    key, minute = (each["logGroupName"], each["filterName"]), int(current.now().timestamp()) // series.MINUTE
    if _defaults.get(key) != minute:
        _defaults[key] = minute
        series.publish(region, namespace, name, {}, [float(default)])
