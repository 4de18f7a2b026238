"""Subscription filters: moto delivers every line, at once, to whatever function, and changes none where there are two.

A function has to let CloudWatch Logs invoke it, and gets the lines that the pattern lets through, asynchronously: what
fails is tried again and ends up in the function's dead-letter queue. A function that is gone, or does not let the
service invoke it any more, loses lines for up to ten minutes.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Subscriptions.html
"""

from __future__ import annotations

import base64
import gzip
import json
import logging
import threading
import typing as t
from dataclasses import dataclass, field

from moto.logs.models import LogGroup, LogStream, SubscriptionFilter

from lab import filter_patterns, roles
from lab.context import ACCOUNT_ID
from lab.control import current
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, backend, guards
from lab.functions.plane import NotInvoked, permits

log = logging.getLogger("lab.logs")

MOST_FILTERS = 2
DISABLED_SECONDS = 600
# Lambda takes 1 MB of an asynchronous event. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MOST_BYTES = 500_000
# ARN of a group and name of its filter -> until when nothing is delivered
_disabled: dict[tuple[str, str], float] = {}
# ARN of a group, name of a stream and of a filter, function -> what waits for the function's turn
_batches: dict[tuple[str, str, str, str], Batch] = {}


@dataclass
class Batch:
    """Lines of a stream that the function gets in one go: those that come before its turn has come join the others."""

    group: t.Any
    stream: str
    filter_name: str
    events: list[dict[str, t.Any]] = field(default_factory=list)
    size: int = 0
    _taken: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def takes(self, event: dict[str, t.Any]) -> bool:
        size = len(event["message"])
        with self._lock:
            if self._taken or (self.events and self.size + size > MOST_BYTES):
                return False
            self.events.append(event)
            self.size += size
            return True

    def payload(self) -> str:
        return json.dumps({"awslogs": {"data": base64.b64encode(self.packed()).decode()}})

    def packed(self) -> bytes:
        with self._lock:
            self._taken = True
        document = {
            "messageType": "DATA_MESSAGE",
            "owner": ACCOUNT_ID,
            "logGroup": self.group.name,
            "logStream": self.stream,
            "subscriptionFilters": [self.filter_name],
            "logEvents": self.events,
        }
        return gzip.compress(json.dumps(document, separators=(",", ":")).encode())


@current.on_reset
def clear() -> None:
    _disabled.clear()
    _batches.clear()


def apply() -> None:
    guards("logs", "PutSubscriptionFilter")(check)
    LogGroup.put_subscription_filter = put
    LogStream._send_log_events = deliver


def principals(region: str) -> tuple[str, str]:
    """Either is named in a function's policy: https://docs.aws.amazon.com/lambda/latest/dg/services-cloudwatchlogs.html"""
    return "logs.amazonaws.com", f"logs.{region}.amazonaws.com"


def check(call: Call, params: Params) -> None:
    arn = params["destinationArn"]
    group: t.Any = backend("logs", call.region).groups.get(params["logGroupName"])
    if group is None:
        return
    parts = arn.split(":")
    if len(parts) > 5 and parts[2] == "firehose":
        require_stream(call, arn, params.get("roleArn") or "")
        return
    if len(parts) < 7 or parts[2] != "lambda":
        raise AwsError("NotImplemented", f"the lab delivers to functions and delivery streams only, not to {arn}", 501)
    if params.get("roleArn"):
        raise AwsError("InvalidParameterException", "destinationArn for vendor lambda cannot be used with roleArn")
    try:
        function = backend("lambda", call.region).get_function(parts[6])
        allowed = any(permits(function, each, _source(group), ACCOUNT_ID) for each in principals(call.region))
    except Exception:
        allowed = False
    if not allowed:
        raise AwsError(
            "InvalidParameterException",
            "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute "
            "your function.",
        )


def stream_of(region: str, arn: str) -> t.Any:
    return backend("firehose", region).delivery_streams.get(arn.rpartition("/")[2])


def require_stream(call: Call, arn: str, role_arn: str) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#FirehoseExample"""
    ctx = current.context()
    if not role_arn:
        raise AwsError("InvalidParameterException", "destinationArn for vendor firehose requires roleArn")
    stream = stream_of(call.region, arn)
    ready = stream is not None and stream.delivery_stream_status == "ACTIVE"
    if ctx is not None and not (ready and may_put(ctx, arn, role_arn)):
        raise AwsError(
            "InvalidParameterException",
            "Could not deliver test message to specified Firehose stream. Check if the given Firehose stream is in "
            "ACTIVE state.",
        )


def may_put(ctx: t.Any, arn: str, role_arn: str) -> bool:
    return roles.trusted(ctx, role_arn, "logs.amazonaws.com") and roles.may(ctx, role_arn, "firehose:PutRecord", arn)


def _source(group: t.Any) -> str:
    return f"{group.arn}:*"


def put(self: t.Any, filter_name: str, filter_pattern: str, destination_arn: str, role_arn: str) -> None:
    known = self.subscription_filters.get(filter_name)
    _disabled.pop((self.arn, filter_name), None)
    if known is not None:
        known.update(filter_pattern, destination_arn, role_arn)
        return
    if len(self.subscription_filters) == MOST_FILTERS:
        raise AwsError("LimitExceededException", "Resource limit exceeded.")
    self.subscription_filters[filter_name] = SubscriptionFilter(
        name=filter_name,
        log_group_name=self.name,
        filter_pattern=filter_pattern,
        destination_arn=destination_arn,
        role_arn=role_arn,
    )


def deliver(
    self: t.Any, service: str, destination_arn: str, filter_name: str, log_events: list[dict[str, t.Any]]
) -> None:
    """In the place of moto's own delivery, which comes here with all new lines of a stream, for each filter."""
    ctx = current.context()
    group = self.log_group
    if service == "firehose":
        _put(ctx, group, self.log_stream_name, filter_name, destination_arn, log_events)
        return
    pattern = filter_patterns.parse(group.subscription_filters[filter_name].filter_pattern or "")
    events = [{**each, "id": f"{each['id']:056d}"} for each in log_events if pattern.matches(each["message"])]
    if ctx is None or ctx.functions is None or not events:
        return
    key = (group.arn, filter_name)
    if _disabled.get(key, 0.0) > ctx.clock.now():
        log.warning("%d lines of %s are skipped: the filter %s is disabled", len(events), group.name, filter_name)
        return
    try:
        for event in events:
            _pass_on(ctx, group, self.log_stream_name, filter_name, destination_arn, event)
    except Exception as error:
        _disabled[key] = ctx.clock.now() + DISABLED_SECONDS
        log.warning("%d lines of %s are lost: %s", len(events), group.name, error)


def _put(ctx: t.Any, group: t.Any, stream: str, filter_name: str, arn: str, log_events: list[dict[str, t.Any]]) -> None:
    """One record a batch, packed. A stream that is gone, or that the role may not put to, loses lines."""
    subscription = group.subscription_filters[filter_name]
    pattern = filter_patterns.parse(subscription.filter_pattern or "")
    batch = Batch(group, stream, filter_name)
    for each in log_events:
        if pattern.matches(each["message"]):
            batch.takes({**each, "id": f"{each['id']:056d}"})
    if ctx is None or ctx.delivery is None or not batch.events:
        return
    found = stream_of(group.region, arn)
    if found is None or not may_put(ctx, arn, subscription.role_arn):
        log.warning("%d lines of %s are lost: %s takes none", len(batch.events), group.name, arn)
        return
    ctx.delivery.put(group.region, found, [batch.packed()])


def _pass_on(ctx: t.Any, group: t.Any, stream: str, filter_name: str, arn: str, event: dict[str, t.Any]) -> None:
    key = (group.arn, stream, filter_name, arn)
    batch = _batches.get(key)
    if batch is not None and batch.takes(event):
        return
    batch = Batch(group, stream, filter_name)
    batch.takes(event)
    general, regional = principals(group.region)
    try:
        ctx.functions.invoke_later(arn, batch.payload, general, _source(group))
    except NotInvoked:
        ctx.functions.invoke_later(arn, batch.payload, regional, _source(group))
    _batches[key] = batch
