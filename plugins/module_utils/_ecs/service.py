# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""A service in the module's words and in AWS's. Pure."""

from __future__ import annotations

import typing as t

from .._aws import InvalidInput
from .._compare import given
from .api import tag_dict
from .capacity import as_aws, by_name, strategy, validate_strategy
from .transformations import iso

Resource = dict[str, t.Any]

# What AWS takes at creation where an option is left out; availability_zone_rebalancing depends on the rest.
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
DEFAULTS: Resource = {
    "desired_count": 0,
    "launch_type": "EC2",
    "capacity_provider_strategy": [],
    "load_balancers": [],
    "deployment_configuration": {
        "maximum_percent": 200,
        "minimum_healthy_percent": 100,
        "circuit_breaker": {"enable": False, "rollback": False},
    },
    "health_check_grace_period_seconds": 0,
    "placement_constraints": [],
    "placement_strategy": [],
    "enable_execute_command": False,
    "propagate_tags": "NONE",
}

# Options whose value AWS takes as it is.
_PLAIN = {
    "desired_count": "desiredCount",
    "task_definition": "taskDefinition",
    "launch_type": "launchType",
    "health_check_grace_period_seconds": "healthCheckGracePeriodSeconds",
    "availability_zone_rebalancing": "availabilityZoneRebalancing",
    "placement_constraints": "placementConstraints",
    "placement_strategy": "placementStrategy",
    "enable_execute_command": "enableExecuteCommand",
    "propagate_tags": "propagateTags",
}
_LOAD_BALANCER = {
    "target_group_arn": "targetGroupArn",
    "container_name": "containerName",
    "container_port": "containerPort",
}
# AWS knows these fields under more than one spelling.
_FIELDS = {"host": "instanceId", "cpu": "cpu", "memory": "memory"}

OBSERVED = ("status", "running_count", "pending_count", "deployments", "events")
_EVENTS = 10


def resource(found: Resource) -> Resource:
    """AWS's answer in the shape that the modules return."""
    return {
        "arn": found["serviceArn"],
        "name": found["serviceName"],
        "cluster_arn": found["clusterArn"],
        "status": found["status"],
        "desired_count": found["desiredCount"],
        "running_count": found.get("runningCount", 0),
        "pending_count": found.get("pendingCount", 0),
        "task_definition": found.get("taskDefinition", ""),
        "launch_type": found.get("launchType") or "",
        "capacity_provider_strategy": strategy(found.get("capacityProviderStrategy")),
        "load_balancers": _load_balancers(found.get("loadBalancers", [])),
        "deployment_configuration": _deployment_configuration(found.get("deploymentConfiguration") or {}),
        "health_check_grace_period_seconds": found.get("healthCheckGracePeriodSeconds") or 0,
        # A service that never had a value behaves as DISABLED.
        "availability_zone_rebalancing": found.get("availabilityZoneRebalancing") or "DISABLED",
        "placement_constraints": found.get("placementConstraints") or [],
        "placement_strategy": placement_strategy(found.get("placementStrategy") or []),
        "enable_execute_command": found.get("enableExecuteCommand", False),
        "propagate_tags": found.get("propagateTags") or "NONE",
        "created_at": iso(found.get("createdAt")),
        "deployments": [_deployment(one) for one in found.get("deployments", [])],
        "events": [event["message"] for event in found.get("events", [])[:_EVENTS]],
        "tags": tag_dict(found.get("tags")),
    }


def defaults(desired: Resource) -> Resource:
    """What AWS takes where an option is left out at creation: no launch type beside capacity providers."""
    return {**DEFAULTS, **launch_type_after(desired)}


def launch_type_after(changes: Resource) -> Resource:
    """A service has either a launch type or capacity providers, and the one takes the other away."""
    if "capacity_provider_strategy" not in changes:
        return {}
    return {"launch_type": "" if changes["capacity_provider_strategy"] else DEFAULTS["launch_type"]}


def wanted(options: Resource, current: Resource) -> Resource:
    """The managed options, complete where only a part was given, in the shape of `resource`."""
    desired = given({option: options[option] for option in (*_PLAIN, "load_balancers", "capacity_provider_strategy")})
    if "capacity_provider_strategy" in desired:
        desired["capacity_provider_strategy"] = sorted(desired["capacity_provider_strategy"], key=by_name)
    if "load_balancers" in desired:
        desired["load_balancers"] = sorted(desired["load_balancers"], key=_balancer_key)
    if "placement_constraints" in desired:
        desired["placement_constraints"] = [given(one) for one in desired["placement_constraints"]]
    if "placement_strategy" in desired:
        desired["placement_strategy"] = placement_strategy([given(one) for one in desired["placement_strategy"]])
    asked = given(options["deployment_configuration"] or {})
    if asked:
        breaker = {**current["deployment_configuration"]["circuit_breaker"], **given(asked.get("circuit_breaker", {}))}
        desired["deployment_configuration"] = {
            **current["deployment_configuration"],
            **asked,
            "circuit_breaker": breaker,
        }
    return desired


def validate(options: Resource, desired: Resource) -> None:
    for option in ("desired_count", "health_check_grace_period_seconds"):
        if (options[option] or 0) < 0:
            raise InvalidInput(f"{option}: {options[option]} is below 0.")
    validate_strategy("capacity_provider_strategy", options["capacity_provider_strategy"])
    deployment = desired.get("deployment_configuration")
    if deployment and deployment["maximum_percent"] <= 100 <= deployment["minimum_healthy_percent"]:
        raise InvalidInput(
            f"deployment_configuration: with maximum_percent {deployment['maximum_percent']} and "
            f"minimum_healthy_percent {deployment['minimum_healthy_percent']} no task may be added and none "
            "taken away, so that a deployment could never begin. Lower the one or raise the other."
        )


def parameters(values: Resource, found: Resource | None = None) -> Resource:
    """The parameters of CreateService or UpdateService that say these values.

    A deployment configuration is sent as a whole: what the service has beyond our options, alarms for one, goes along.
    """
    request = {parameter: values[option] for option, parameter in _PLAIN.items() if option in values}
    if "load_balancers" in values:
        request["loadBalancers"] = [
            {parameter: balancer[option] for option, parameter in _LOAD_BALANCER.items()}
            for balancer in values["load_balancers"]
        ]
    if "capacity_provider_strategy" in values:
        request["capacityProviderStrategy"] = as_aws(values["capacity_provider_strategy"]) or (
            # An empty list means "back to the launch type" to an update, and nothing to a creation.
            [] if found else None
        )
    if "deployment_configuration" in values:
        deployment = values["deployment_configuration"]
        present = (found or {}).get("deploymentConfiguration") or {}
        request["deploymentConfiguration"] = {
            **present,
            "maximumPercent": deployment["maximum_percent"],
            "minimumHealthyPercent": deployment["minimum_healthy_percent"],
            "deploymentCircuitBreaker": {
                **present.get("deploymentCircuitBreaker", {}),
                **deployment["circuit_breaker"],
            },
        }
    return request


def same_revision(asked: str, current: str) -> bool:
    """Whether an ARN or family:revision names the task definition of this ARN."""
    return asked == current or (":" in asked and "/" not in asked and asked == current.rpartition("/")[2])


def placement_strategy(strategy: t.Sequence[Resource]) -> list[Resource]:
    return [
        {**one, "field": _FIELDS.get(one["field"].lower(), one["field"])} if one.get("field") else {"type": one["type"]}
        for one in strategy
    ]


def _balancer_key(balancer: Resource) -> tuple[str, str, int]:
    return balancer["target_group_arn"], balancer["container_name"], balancer["container_port"]


def _load_balancers(found: t.Sequence[Resource]) -> list[Resource]:
    behind = [one for one in found if one.get("targetGroupArn")]
    return sorted(
        ({option: one[parameter] for option, parameter in _LOAD_BALANCER.items()} for one in behind), key=_balancer_key
    )


def _deployment_configuration(found: Resource) -> Resource:
    breaker = found.get("deploymentCircuitBreaker") or {}
    default = DEFAULTS["deployment_configuration"]
    return {
        "maximum_percent": found.get("maximumPercent", default["maximum_percent"]),
        "minimum_healthy_percent": found.get("minimumHealthyPercent", default["minimum_healthy_percent"]),
        "circuit_breaker": {"enable": breaker.get("enable", False), "rollback": breaker.get("rollback", False)},
    }


def _deployment(found: Resource) -> Resource:
    return {
        "id": found["id"],
        "status": found["status"],
        "task_definition": found.get("taskDefinition", ""),
        "desired_count": found.get("desiredCount", 0),
        "running_count": found.get("runningCount", 0),
        "pending_count": found.get("pendingCount", 0),
        "failed_tasks": found.get("failedTasks", 0),
        "rollout_state": found.get("rolloutState"),
        "rollout_state_reason": found.get("rolloutStateReason"),
        "created_at": iso(found.get("createdAt")),
        "updated_at": iso(found.get("updatedAt")),
    }


__all__ = (
    "DEFAULTS",
    "OBSERVED",
    "defaults",
    "launch_type_after",
    "parameters",
    "placement_strategy",
    "resource",
    "same_revision",
    "validate",
    "wanted",
)
