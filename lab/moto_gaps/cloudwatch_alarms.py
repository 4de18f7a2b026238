"""Alarms: moto lets a new one begin in the state OK, and a changed one begin anew.

It also takes a request that contradicts itself, and forgets the settings that it does not know.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

import typing as t

from moto.cloudwatch.models import CloudWatchBackend

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, amends, backend, guards

_ON_OTHERS = ("Metrics", "ThresholdMetricId", "EvaluationCriteria", "EvaluationInterval")
_FORGOTTEN = ("EvaluationWindow", "WarmUpConfiguration", "ActionConfiguration")
_put = CloudWatchBackend.put_metric_alarm


def apply() -> None:
    CloudWatchBackend.put_metric_alarm = put
    guards("cloudwatch", "PutMetricAlarm")(check)
    amends("cloudwatch", "PutMetricAlarm")(keep)
    amends("cloudwatch", "DescribeAlarms")(show)


def put(self: t.Any, *arguments: t.Any, **options: t.Any) -> t.Any:
    known = dict(self.alarms)
    alarm = _put(self, *arguments, **options)
    before = known.get(alarm.name)
    alarm.state_value = before.state_value if before else "INSUFFICIENT_DATA"
    if before:
        alarm.state_reason, alarm.state_updated_timestamp = before.state_reason, before.state_updated_timestamp
    return alarm


def check(_call: Call, params: Params) -> None:
    if "MetricName" in params:
        if bool(params.get("Statistic")) == bool(params.get("ExtendedStatistic")):
            raise AwsError("ValidationError", "Exactly one of Statistic and ExtendedStatistic must be specified")
        beside = [name for name in _ON_OTHERS if name in params]
        if beside:
            raise AwsError("ValidationError", f"{', '.join(beside)} must not be specified with MetricName")
    if params.get("DatapointsToAlarm", 0) > params.get("EvaluationPeriods", 0):
        raise AwsError("ValidationError", "DatapointsToAlarm must be less than or equal to EvaluationPeriods")


def keep(call: Call, params: Params, _output: Params) -> None:
    alarm = backend("cloudwatch", call.region).alarms[params["AlarmName"]]
    alarm.forgotten = {name: params[name] for name in _FORGOTTEN if name in params}


def show(call: Call, _params: Params, output: Params) -> None:
    alarms = backend("cloudwatch", call.region).alarms
    for shown in output.get("MetricAlarms") or []:
        shown.update(getattr(alarms.get(shown["AlarmName"]), "forgotten", {}))
