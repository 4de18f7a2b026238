# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What is waited for in EC2."""

from __future__ import annotations

import typing as t

from .._aws import AwsCallError
from .._waiter import on_error, on_path, wait_for, waiter_model

_STATES = "Reservations[].Instances[].State.Name"
_REASON = "Reservations[].Instances[].[InstanceId, State.Name, StateReason.Message][]"
_NOT_YET = on_error("InvalidInstanceID.NotFound", "retry")


def wait_visible(client: t.Any, instance_ids: list[str], *, timeout: int) -> None:
    """DescribeInstances lags behind CreateFleet.

    https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
    """
    count = on_path(f"length(Reservations[].Instances[]) == `{len(instance_ids)}`", True, "success")
    _wait(client, instance_ids, [count, _NOT_YET], "the new hosts to be listed", timeout)


def wait_settled(client: t.Any, instance_ids: list[str], *, timeout: int) -> bool:
    """Whether all instances have left C(pending), to whichever side, within the time."""
    pending = "length(Reservations[].Instances[?State.Name == 'pending'][]) == `0`"
    listed = f"length(Reservations[].Instances[]) == `{len(instance_ids)}`"
    settled = on_path(f"{listed} && {pending}", True, "success")
    try:
        _wait(client, instance_ids, [settled, _NOT_YET], "the new hosts to run", timeout, delay=1)
    except AwsCallError:
        return False
    return True


def wait_running(client: t.Any, instance_ids: list[str], *, timeout: int) -> None:
    ended = [
        on_path(_STATES, state, "failure", "pathAny")
        for state in ("shutting-down", "terminated", "stopping", "stopped")
    ]
    running = on_path(_STATES, "running", "success", "pathAll")
    _wait(client, instance_ids, [*ended, running, _NOT_YET], f"{', '.join(instance_ids)} to run", timeout)


def wait_terminated(client: t.Any, instance_ids: list[str], *, timeout: int) -> None:
    gone = on_error("InvalidInstanceID.NotFound", "success")
    terminated = on_path(_STATES, "terminated", "success", "pathAll")
    _wait(client, instance_ids, [terminated, gone], f"{', '.join(instance_ids)} to be terminated", timeout)


def _wait(
    client: t.Any, instance_ids: list[str], acceptors: list[t.Any], description: str, timeout: int, *, delay: int = 5
) -> None:
    model = waiter_model("DescribeInstances", acceptors, delay=delay)
    wait_for(client, model, description=description, timeout=timeout, reason=_REASON, InstanceIds=instance_ids)


def wait_endpoint(client: t.Any, endpoint_id: str, *, timeout: int) -> None:
    states = "VpcEndpoints[].State"
    # DescribeVpcEndpoints spells a state with a small or a capital letter, its own documentation does both.
    ready = [on_path(states, state, "success", "pathAll") for state in ("available", "Available")]
    over = [
        on_path(states, state, "failure", "pathAny")
        for state in ("failed", "Failed", "rejected", "Rejected", "deleted", "Deleted")
    ]
    reason = "VpcEndpoints[].[VpcEndpointId, State, LastError.Message][]"
    model = waiter_model(
        "DescribeVpcEndpoints", [*over, *ready, on_error("InvalidVpcEndpointId.NotFound", "retry")], delay=5
    )
    wait_for(
        client,
        model,
        description=f"{endpoint_id} to be available",
        timeout=timeout,
        reason=reason,
        VpcEndpointIds=[endpoint_id],
    )


def wait_endpoint_gone(client: t.Any, endpoint_id: str, *, timeout: int) -> None:
    states = "VpcEndpoints[].State"
    gone = [on_path(states, state, "success", "pathAll") for state in ("deleted", "Deleted")]
    model = waiter_model("DescribeVpcEndpoints", [*gone, on_error("InvalidVpcEndpointId.NotFound", "success")], delay=5)
    wait_for(
        client,
        model,
        description=f"{endpoint_id} to be gone",
        timeout=timeout,
        reason="VpcEndpoints[].[VpcEndpointId, State][]",
        VpcEndpointIds=[endpoint_id],
    )


def wait_security_group(client: t.Any, group_id: str, *, timeout: int) -> None:
    """A rule for a group that AWS does not show yet is refused."""
    found = on_path("length(SecurityGroups) == `1`", True, "success")
    model = waiter_model("DescribeSecurityGroups", [found, on_error("InvalidGroup.NotFound", "retry")])
    wait_for(client, model, description=f"{group_id} to be listed", timeout=timeout, GroupIds=[group_id])


def wait_unused(client: t.Any, group_id: str, *, timeout: int) -> None:
    """Until no network interface is in the group: AWS removes those of a balancer or a VPC link by and by."""
    model = waiter_model(
        "DescribeNetworkInterfaces", [on_path("length(NetworkInterfaces) == `0`", True, "success")], delay=5
    )
    wait_for(
        client,
        model,
        description=f"the network interfaces in {group_id} to go",
        timeout=timeout,
        reason="NetworkInterfaces[].[NetworkInterfaceId, Description][]",
        Filters=[{"Name": "group-id", "Values": [group_id]}],
    )
