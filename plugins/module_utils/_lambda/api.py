# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Lambda, one function per API call.

https://docs.aws.amazon.com/lambda/latest/api/welcome.html
"""

from __future__ import annotations

import json
import typing as t

from .._aws import aws_call
from .._patience import patience
from .._waiter import on_error, on_path, wait_for, waiter_model

_MISSING = ("ResourceNotFoundException",)
# IAM tells of a new role, and of what it may do, by and by.
_NOT_YET = ("cannot be assumed by Lambda", "does not have permissions to call")
# A role that was made a moment ago cannot be assumed yet, and a creation whose answer was lost has been made.
_CREATION = waiter_model(
    "CreateFunction",
    [
        {"matcher": "status", "expected": 201, "state": "success"},
        on_error("ResourceConflictException", "success"),
        on_error("InvalidParameterValueException", "retry"),
    ],
)
# https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
_READY = waiter_model(
    "GetFunctionConfiguration",
    [
        on_path("State", "Failed", "failure"),
        on_path("LastUpdateStatus", "Failed", "failure"),
        on_path("State == 'Pending' || LastUpdateStatus == 'InProgress'", True, "retry"),
        on_path("length(FunctionName) > `0`", True, "success"),
    ],
)


@aws_call("look up the function {name}", missing=_MISSING)
def find_function(client: t.Any, name: str) -> dict[str, t.Any] | None:
    return client.get_function_configuration(FunctionName=name)


@aws_call("read the tags of {arn}", missing=_MISSING, default={})
def list_tags(client: t.Any, arn: str) -> dict[str, str]:
    return client.list_tags(Resource=arn)["Tags"]


def create_function(client: t.Any, request: dict[str, t.Any], timeout: int) -> None:
    name = request["FunctionName"]
    wait_for(client, _CREATION, description=f"the function {name} to be made", timeout=timeout, **request)


def wait_until_ready(client: t.Any, name: str, timeout: int) -> None:
    wait_for(
        client,
        _READY,
        description=f"the function {name} to be ready",
        timeout=timeout,
        reason="[StateReason, LastUpdateStatusReason]",
        FunctionName=name,
    )


@aws_call("change the code of the function {name}")
def update_code(client: t.Any, name: str, package: bytes, architecture: str | None) -> None:
    besides = {"Architectures": [architecture]} if architecture else {}
    client.update_function_code(FunctionName=name, ZipFile=package, **besides)


@aws_call("change the configuration of the function {FunctionName}")
def update_configuration(client: t.Any, request: dict[str, t.Any], timeout: int) -> None:
    with patience(client, "UpdateFunctionConfiguration", _NOT_YET, timeout):
        client.update_function_configuration(**request)


@aws_call("delete the function {name}", missing=_MISSING)
def delete_function(client: t.Any, name: str) -> None:
    client.delete_function(FunctionName=name)


@aws_call("tag {arn}")
def tag(client: t.Any, arn: str, tags: dict[str, str]) -> None:
    client.tag_resource(Resource=arn, Tags=tags)


@aws_call("untag {arn}")
def untag(client: t.Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(Resource=arn, TagKeys=keys)


@aws_call("read who may invoke the function {name}", missing=_MISSING, default=[])
def list_permissions(client: t.Any, name: str) -> list[dict[str, t.Any]]:
    document = json.loads(client.get_policy(FunctionName=name)["Policy"])
    return document["Statement"]


@aws_call("let {Principal} invoke the function {FunctionName}", missing=("ResourceConflictException",))
def add_permission(client: t.Any, request: dict[str, t.Any]) -> None:
    """One whose answer was lost is there: its statement's id says that it is the same."""
    client.add_permission(**request)


@aws_call("remove the statement {statement} of the function {name}", missing=_MISSING)
def remove_permission(client: t.Any, name: str, statement: str) -> None:
    client.remove_permission(FunctionName=name, StatementId=statement)
