"""Alarms: moto lets a new one begin in the state OK, and a changed one begin anew.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

import typing as t

from moto.cloudwatch.models import CloudWatchBackend

_put = CloudWatchBackend.put_metric_alarm


def apply() -> None:
    CloudWatchBackend.put_metric_alarm = put


def put(self: t.Any, *arguments: t.Any, **options: t.Any) -> t.Any:
    known = dict(self.alarms)
    alarm = _put(self, *arguments, **options)
    before = known.get(alarm.name)
    alarm.state_value = before.state_value if before else "INSUFFICIENT_DATA"
    if before:
        alarm.state_reason, alarm.state_updated_timestamp = before.state_reason, before.state_updated_timestamp
    return alarm
