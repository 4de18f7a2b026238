# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The settings that all APIs of an account share in a region, one function per API call."""

from __future__ import annotations

import typing as t

from .._aws import aws_call
from .._waiter import Acceptor, wait_for, waiter_model


@aws_call("read the API Gateway settings of the account")
def get_account(client: t.Any) -> dict[str, t.Any]:
    return client.get_account()


@aws_call("set the CloudWatch role {role_arn}", missing=("BadRequestException",), default=False)
def set_role(client: t.Any, role_arn: str) -> bool:
    """Whether AWS took the role; it refuses one that it cannot assume, which a new role is for some seconds."""
    client.update_account(patchOperations=_patch(role_arn))
    return True


def set_role_patiently(client: t.Any, role_arn: str, *, timeout: int) -> None:
    """IAM is eventually consistent: a role just created, or just given its policy, is refused for a while.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
    """
    if set_role(client, role_arn):
        return
    refused: Acceptor = {"matcher": "error", "expected": "BadRequestException", "state": "retry"}
    taken: Acceptor = {"matcher": "status", "expected": 200, "state": "success"}
    wait_for(
        client,
        waiter_model("UpdateAccount", [taken, refused], delay=5),
        description=f"API Gateway to accept the CloudWatch role {role_arn} (it must exist, trust "
        "apigateway.amazonaws.com and be allowed to write logs, as AmazonAPIGatewayPushToCloudWatchLogs allows)",
        timeout=timeout,
        patchOperations=_patch(role_arn),
    )


def _patch(role_arn: str) -> list[dict[str, str]]:
    return [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role_arn}]
