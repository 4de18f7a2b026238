# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""EventBridge Scheduler, one function per API call.

https://docs.aws.amazon.com/scheduler/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call
from .._patience import patience
from .._waiter import on_error, wait_for, waiter_model

_MISSING = ("ResourceNotFoundException",)
# IAM tells of a new role by and by.
_NOT_YET = ("must allow AWS EventBridge Scheduler to assume the role",)
# A role that was made a moment ago cannot be assumed yet, and a creation whose answer was lost has been made.
_CREATION = waiter_model(
    "CreateSchedule",
    [
        {"matcher": "status", "expected": 200, "state": "success"},
        on_error("ConflictException", "success"),
        on_error("ValidationException", "retry"),
    ],
)


@aws_call("look up the schedule {name}", missing=_MISSING)
def find_schedule(client: t.Any, name: str, group: str) -> dict[str, t.Any] | None:
    return client.get_schedule(Name=name, GroupName=group)


def create_schedule(client: t.Any, request: dict[str, t.Any], timeout: int) -> None:
    wait_for(client, _CREATION, description=f"the schedule {request['Name']} to be made", timeout=timeout, **request)


@aws_call("change the schedule {Name}")
def update_schedule(client: t.Any, request: dict[str, t.Any], timeout: int) -> None:
    with patience(client, "UpdateSchedule", _NOT_YET, timeout):
        client.update_schedule(**request)


@aws_call("delete the schedule {name}", missing=_MISSING)
def delete_schedule(client: t.Any, name: str, group: str) -> None:
    client.delete_schedule(Name=name, GroupName=group)
