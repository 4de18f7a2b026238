# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Run Command of Systems Manager: one function per API call, and what is waited for.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call
from .._waiter import on_error, on_path, wait_for, waiter_model

DOCUMENT = "AWS-RunShellScript"
# What GetCommandInvocation shows of the two streams.
OUTPUT_SHOWN, ERRORS_SHOWN = 24000, 8000
# How long a command may wait to be delivered; AWS takes no less than 30 s.
DELIVERY_SECONDS = 120
_ENDED = ("Success", "Failed", "TimedOut", "Cancelled")


@aws_call("send the command to {instance_id}")
def send_command(client: t.Any, instance_id: str, script: str, comment: str, timeout: int) -> str:
    sent = client.send_command(
        DocumentName=DOCUMENT,
        InstanceIds=[instance_id],
        Comment=comment,
        TimeoutSeconds=DELIVERY_SECONDS,
        Parameters={"commands": [script], "executionTimeout": [str(timeout)]},
    )
    command_id: str = sent["Command"]["CommandId"]
    return command_id


@aws_call("read the command {command_id}")
def read_invocation(client: t.Any, command_id: str, instance_id: str) -> dict[str, t.Any]:
    found: dict[str, t.Any] = client.get_command_invocation(CommandId=command_id, InstanceId=instance_id)
    return found


def wait_online(client: t.Any, instance_id: str, *, timeout: int, delay: int) -> None:
    """Until the agent has reported; before that AWS refuses commands."""
    online = on_path("InstanceInformationList[].PingStatus", "Online", "success", "pathAny")
    wait_for(
        client,
        waiter_model("DescribeInstanceInformation", [online], delay=delay),
        description=(
            f"Systems Manager's agent on {instance_id} to report (it needs the permissions of "
            "AmazonSSMManagedInstanceCore, and a way to the endpoints ssm, ssmmessages and ec2messages)"
        ),
        timeout=timeout,
        reason="InstanceInformationList[].[InstanceId, PingStatus][]",
        Filters=[{"Key": "InstanceIds", "Values": [instance_id]}],
    )


def wait_ended(client: t.Any, command_id: str, instance_id: str, *, timeout: int, delay: int) -> None:
    """Until it has ended, well or not."""
    ended = [on_path("Status", status, "success") for status in _ENDED]
    wait_for(
        client,
        # It takes a moment until the invocation of a new command can be read.
        waiter_model("GetCommandInvocation", [*ended, on_error("InvocationDoesNotExist", "retry")], delay=delay),
        description=f"the command {command_id} to end on {instance_id}",
        timeout=timeout,
        reason="StatusDetails",
        CommandId=command_id,
        InstanceId=instance_id,
    )


__all__ = (
    "DELIVERY_SECONDS",
    "ERRORS_SHOWN",
    "OUTPUT_SHOWN",
    "read_invocation",
    "send_command",
    "wait_ended",
    "wait_online",
)
