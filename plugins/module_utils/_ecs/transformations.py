# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""From AWS's answers about clusters, tasks and container instances to what the modules return. Pure."""

from __future__ import annotations

import datetime
import re
import typing as t

from .._aws import InvalidInput
from .api import tag_dict
from .capacity import strategy

Resource = dict[str, t.Any]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


def validate_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"'{name}' cannot name a {what}: AWS takes 1 to 255 letters, digits, hyphens and underscores."
        )


def iso(moment: datetime.datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def cluster(found: Resource) -> Resource:
    settings = {setting["name"]: setting["value"] for setting in found.get("settings") or []}
    return {
        "arn": found["clusterArn"],
        "name": found["clusterName"],
        "status": found["status"],
        "registered_container_instances": found.get("registeredContainerInstancesCount", 0),
        "running_tasks": found.get("runningTasksCount", 0),
        "pending_tasks": found.get("pendingTasksCount", 0),
        "active_services": found.get("activeServicesCount", 0),
        "settings": {"container_insights": settings.get("containerInsights", "disabled")},
        "capacity_providers": sorted(found.get("capacityProviders") or []),
        "default_capacity_provider_strategy": strategy(found.get("defaultCapacityProviderStrategy")),
        "tags": tag_dict(found.get("tags")),
    }


def task(found: Resource) -> Resource:
    return {
        "arn": found["taskArn"],
        "task_definition": found.get("taskDefinitionArn"),
        "last_status": found.get("lastStatus"),
        "desired_status": found.get("desiredStatus"),
        "health_status": found.get("healthStatus"),
        "stopped_reason": found.get("stoppedReason"),
        "stop_code": found.get("stopCode"),
        "container_instance_arn": found.get("containerInstanceArn"),
        "created_at": iso(found.get("createdAt")),
        "started_at": iso(found.get("startedAt")),
        "stopped_at": iso(found.get("stoppedAt")),
        "containers": [container(one) for one in found.get("containers", [])],
    }


def container(found: Resource) -> Resource:
    return {
        "name": found.get("name"),
        "last_status": found.get("lastStatus"),
        "exit_code": found.get("exitCode"),
        "reason": found.get("reason"),
        "health_status": found.get("healthStatus"),
    }


def container_instance(found: Resource) -> Resource:
    gpus = (one.get("stringSetValue") or [] for one in found.get("registeredResources", []) if one.get("name") == "GPU")
    return {
        "arn": found["containerInstanceArn"],
        "ec2_instance_id": found.get("ec2InstanceId"),
        "status": found.get("status"),
        "status_reason": found.get("statusReason"),
        "agent_connected": found.get("agentConnected", False),
        "registered_at": iso(found.get("registeredAt")),
        "registered_gpus": sum(len(ids) for ids in gpus),
        "running_tasks": found.get("runningTasksCount", 0),
        "pending_tasks": found.get("pendingTasksCount", 0),
    }


def why_stopped(found: Resource) -> str:
    """What AWS says about a task that has stopped, in one line."""
    reasons = [found.get("stoppedReason") or found.get("stopCode") or found.get("lastStatus", "")]
    for one in found.get("containers", []):
        exit_code = f"exit code {one['exitCode']}" if one.get("exitCode") is not None else ""
        details = ", ".join(part for part in (exit_code, one.get("reason")) if part)
        reasons += [f"{one.get('name')}: {details}"] if details else []
    return f"{found['taskArn'].rpartition('/')[2]}: {'; '.join(reasons)}"


__all__ = ("cluster", "container_instance", "iso", "task", "validate_name", "why_stopped")
