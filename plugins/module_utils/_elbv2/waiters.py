# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What Elastic Load Balancing takes its time for, as waiter models."""

from __future__ import annotations

import typing as t

from .._waiter import on_error, on_path, wait_for, waiter_model

# 'active_impaired' routes traffic too: it only lacks room to grow.
ACTIVE = ("active", "active_impaired")
_ACTIVE = (
    *(on_path("LoadBalancers[].State.Code", state, "success", "pathAll") for state in ACTIVE),
    on_path("LoadBalancers[].State.Code", "failed", "failure", "pathAny"),
)
_GONE = (on_error("LoadBalancerNotFound", "success"),)
_DELETED = (on_path("ResponseMetadata.HTTPStatusCode", 200, "success"), on_error("ResourceInUse", "retry"))

# A deleted listener lets go of its target group a moment later.
_RELEASE_SECONDS = 60


def wait_until_active(client: t.Any, arn: str, timeout: int) -> None:
    wait_for(
        client,
        waiter_model("DescribeLoadBalancers", _ACTIVE, delay=5),
        description=f"the load balancer {arn} to become active",
        timeout=timeout,
        reason="LoadBalancers[].State.[Code, Reason][]",
        LoadBalancerArns=[arn],
    )


def wait_until_without_subnets(client: t.Any, arn: str, subnet_ids: t.Collection[str], timeout: int) -> None:
    """Until none of the subnets belongs to the load balancer: AWS takes up to 3 minutes to remove one."""
    listed = " || ".join(f"contains(LoadBalancers[0].AvailabilityZones[].SubnetId, '{one}')" for one in subnet_ids)
    wait_for(
        client,
        waiter_model("DescribeLoadBalancers", [on_path(listed, False, "success")], delay=5),
        description=f"the load balancer {arn} to leave the subnets {', '.join(sorted(subnet_ids))}",
        timeout=timeout,
        reason="LoadBalancers[].AvailabilityZones[].SubnetId",
        LoadBalancerArns=[arn],
    )


def wait_until_gone(client: t.Any, arn: str, timeout: int) -> None:
    wait_for(
        client,
        waiter_model("DescribeLoadBalancers", _GONE, delay=5),
        description=f"the load balancer {arn} to be deleted",
        timeout=timeout,
        reason="LoadBalancers[].State.[Code, Reason][]",
        LoadBalancerArns=[arn],
    )


def wait_until_target_group_deleted(client: t.Any, arn: str) -> None:
    """Try again and again to delete it."""
    wait_for(
        client,
        waiter_model("DeleteTargetGroup", _DELETED),
        description=f"the target group {arn} to be deleted",
        timeout=_RELEASE_SECONDS,
        TargetGroupArn=arn,
    )


__all__ = (
    "ACTIVE",
    "wait_until_active",
    "wait_until_gone",
    "wait_until_target_group_deleted",
    "wait_until_without_subnets",
)
