"""Carrying a schedule's target out: with the rights of the schedule's role, tried again while that may help.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
"""

from __future__ import annotations

import json
import logging
import typing as t
import uuid

from botocore.exceptions import BotoCoreError, ClientError

from lab import roles
from lab.context import LabContext
from lab.control.call import service_model
from lab.functions.asynchronous import send
from lab.moto_gaps.scheduler_schedules import UNIVERSAL, operation

log = logging.getLogger("lab.schedules")

SERVICE = "scheduler.amazonaws.com"
_THROTTLING = {"ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "Throttling"}


class Failed(Exception):
    def __init__(self, code: str, message: str, again: bool) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.again = code, message, again


def carry_out(ctx: LabContext, region: str, target: dict[str, t.Any]) -> None:
    """Call the target once; Failed where that did not work."""
    arn, text = target["Arn"], target.get("Input") or "{}"
    try:
        given = roles.credentials(ctx, target["RoleArn"], SERVICE, "schedule")
        found = UNIVERSAL.match(arn)
        if found:
            _call(ctx, given, region, found["service"], found["action"], text)
        elif ":sqs:" in arn:
            send(ctx, target["RoleArn"], SERVICE, arn, text, {})
        else:
            function = roles.client(ctx, given, "lambda", region)
            function.invoke(FunctionName=arn, InvocationType="Event", Payload=text.encode())
    except roles.NotAssumed as error:
        raise Failed("AccessDeniedException", str(error), False) from error
    except ClientError as error:
        answer = error.response["Error"]
        # A denial or a target that is gone stays so; https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
        again = answer["Code"] in _THROTTLING or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
        raise Failed(answer["Code"], answer["Message"], again) from error
    except (BotoCoreError, ValueError) as error:
        raise Failed("ValidationException", str(error), False) from error


def _call(ctx: LabContext, given: dict[str, str], region: str, service: str, action: str, text: str) -> None:
    model = service_model(service)
    name = operation(service, action)
    assert model is not None and name is not None
    shape = model.operation_model(name).input_shape
    # Parameters have capital first letters in a schedule, whatever the API's own have.
    members = {member[:1].upper() + member[1:]: member for member in (shape.members if shape else {})}
    request = json.loads(text)
    unknown = set(request) - set(members)
    if unknown:
        raise ValueError(f"{service}:{action} has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(members))}")
    client = roles.client(ctx, given, service, region)
    client._make_api_call(name, {members[key]: value for key, value in request.items()})


def to_dead_letters(ctx: LabContext, schedule: t.Any, failure: Failed, attempts: int) -> None:
    arn = (schedule.target.get("DeadLetterConfig") or {}).get("Arn")
    log.warning("schedule %s failed for good: %s", schedule.name, failure)
    if not arn:
        return
    attributes = {
        "ERROR_CODE": failure.code,
        "ERROR_MESSAGE": failure.message[:1000],
        "EXECUTION_ID": str(uuid.uuid4()),
        "RETRY_ATTEMPTS": str(attempts),
        "SCHEDULE_ARN": schedule.arn,
        "TARGET_ARN": schedule.target["Arn"],
    }
    try:
        send(ctx, schedule.target["RoleArn"], SERVICE, arn, schedule.target.get("Input") or "{}", attributes)
    except (ClientError, roles.NotAssumed, NotImplementedError) as error:
        log.warning("schedule %s: nothing reached %s: %s", schedule.name, arn, error)
