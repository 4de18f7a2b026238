"""Classes of log groups: moto forgets them, and lets filters look into groups of a class that has none.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html
"""

from __future__ import annotations

import typing as t

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, amends, backend, guards


def apply() -> None:
    amends("logs", "CreateLogGroup")(keep)
    amends("logs", "DescribeLogGroups")(show)
    guards("logs", "PutSubscriptionFilter", "PutMetricFilter")(check_filter)
    guards("logs", "PutRetentionPolicy")(check_retention)


def _class_of(call: Call, name: str) -> str:
    group: t.Any = backend("logs", call.region).groups.get(name)
    return str(getattr(group, "lab_class", "STANDARD"))


def keep(call: Call, params: Params, output: Params) -> None:
    group: t.Any = backend("logs", call.region).groups[params["logGroupName"]]
    group.lab_class = params.get("logGroupClass") or "STANDARD"


def show(call: Call, params: Params, output: Params) -> None:
    for group in output["logGroups"]:
        group["logGroupClass"] = _class_of(call, group["logGroupName"])


def check_filter(call: Call, params: Params) -> None:
    found = _class_of(call, params["logGroupName"])
    if found != "STANDARD":
        raise AwsError("ValidationException", f"The operation is not supported for log groups of the class {found}.")


def check_retention(call: Call, params: Params) -> None:
    if _class_of(call, params["logGroupName"]) == "DELIVERY":
        raise AwsError(
            "InvalidOperationException", "The retention of log groups of the class DELIVERY cannot be changed."
        )
