"""Schedules: moto takes any expression, role, target and start, and an update of it leaves ActionAfterCompletion alone.

https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from lab.compute import policy
from lab.control.call import Call, service_model
from lab.control.errors import AwsError
from lab.control.operations import Params, amends, backend, guards
from lab.moto_gaps.iam_simulation import parsed
from lab.schedules import expressions

UNIVERSAL = re.compile(r"^arn:aws[\w-]*:scheduler:::aws-sdk:(?P<service>[a-z0-9]+):(?P<action>[A-Za-z0-9]+)$")
_READS = (
    "get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read", "lookup", "discover",
    "validate", "batchGet", "batchDescribe", "batchRead", "transactGet", "adminGet", "adminList", "testMigration",
    "retrieve", "testConnection", "translateDocument", "isAuthorized", "invokeModel",
)  # fmt: skip

# The parameters of each kind of target that the lab has.
_PARAMETERS = {"sqs": {"SqsParameters"}}
_LONGEST_AGO = timedelta(minutes=5)


def apply() -> None:
    guards("scheduler", "CreateSchedule", "UpdateSchedule")(check)
    amends("scheduler", "UpdateSchedule")(complete)


def check(call: Call, params: Params) -> None:
    expression, zone = params["ScheduleExpression"], params.get("ScheduleExpressionTimezone")
    try:
        ZoneInfo(zone or "UTC")
        known = expressions.at(expression, zone) is not None
    except (KeyError, ValueError, OSError):
        raise _refusal("Invalid Schedule Expression or time zone: " + f"{expression} {zone or ''}".strip()) from None
    if expression.startswith("cron("):
        raise AwsError("NotImplemented", "The lab has no cron() schedules.", 501)
    if not known and expressions.rate(expression) is None:
        raise _refusal(f"Invalid Schedule Expression {expression}.")
    start = params.get("StartDate")
    # A one-time schedule has none that counts.
    if start is not None and not known and start.replace(tzinfo=UTC) < datetime.now(UTC) - _LONGEST_AGO:
        raise _refusal("The StartDate you specify cannot be earlier than 5 minutes ago.")
    window = params["FlexibleTimeWindow"]
    if (window["Mode"] == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
        raise _refusal("MaximumWindowInMinutes is needed with FlexibleTimeWindow FLEXIBLE, and only there.")
    _check_target(params["Target"])


def _check_target(target: Params) -> None:
    role = next((each for each in backend("iam", "aws").roles.values() if each.arn == target["RoleArn"]), None)
    if role is None or not policy.trusts(parsed(role.assume_role_policy_document), "scheduler.amazonaws.com"):
        raise _refusal("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
    kind = target["Arn"].split(":")[2]
    beside = sorted(each for each in target if each.endswith("Parameters") and each not in _PARAMETERS.get(kind, ()))
    if beside:
        raise _refusal(f"{', '.join(beside)} is not valid for the target {target['Arn']}.")
    found = UNIVERSAL.match(target["Arn"])
    if found:
        if found["action"].startswith(_READS):
            raise _refusal(f"Invalid RequestJson provided. Reason: {found['action']} only reads.")
        if operation(found["service"], found["action"]) is None:
            raise _refusal(f"{target['Arn']} is not a supported target.")
        try:
            json.loads(target.get("Input") or "{}")
        except ValueError:
            raise _refusal("Invalid RequestJson provided. Reason: The provided input is not valid JSON.") from None
    elif not re.match(r"^arn:aws[\w-]*:(lambda|sqs):", target["Arn"]):
        raise AwsError("NotImplemented", f"The lab has no schedules for the target {target['Arn']}.", 501)


def operation(service: str, action: str) -> str | None:
    """The name of an operation, whose first letter is small in a universal target."""
    model = service_model(service)
    name = action[:1].upper() + action[1:]
    return name if model and name in model.operation_names else None


def complete(call: Call, params: Params, output: Params) -> None:
    """An update replaces the whole schedule; what is left out has its default again."""
    group = backend("scheduler", call.region).schedule_groups[params.get("GroupName") or "default"]
    group.schedules[params["Name"]].action_after_completion = params.get("ActionAfterCompletion")


def _refusal(message: str) -> AwsError:
    return AwsError("ValidationException", message)
