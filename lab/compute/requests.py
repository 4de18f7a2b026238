"""What requests to ECS ask for, with ECS's defaults. Pure."""

from __future__ import annotations

import typing as t

from lab.context import ACCOUNT_ID

Parameters = dict[str, t.Any]
Answer = dict[str, t.Any]

_SERVICE_LINKED_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"


def task_options(given: Parameters, definition: Answer) -> Parameters:
    return {
        "group": given.get("group") or f"family:{definition['family']}",
        "started_by": given.get("startedBy") or "",
        "tags": given.get("tags") or [],
        "overrides": given.get("overrides") or {},
        "constraints": given.get("placementConstraints") or [],
    }


def page(member: str, values: list[str], given: Parameters) -> Answer:
    """List operations return a hundred at most; the token is the place to go on from."""
    size = int(given.get("maxResults") or 100)
    start = int(given.get("nextToken") or 0)
    answer: Answer = {member: values[start : start + size]}
    if start + size < len(values):
        answer["nextToken"] = str(start + size)
    return answer


def deployment_configuration(given: Parameters) -> Parameters:
    return {
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        **given,
    }


def settings(given: Parameters) -> Parameters:
    """The settings of a new service, with ECS's defaults.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    """
    configuration = deployment_configuration(given.get("deploymentConfiguration") or {})
    # Rebalancing needs room to start a task before it stops one.
    rebalancing = "ENABLED" if configuration["maximumPercent"] > 100 else "DISABLED"
    settings: Parameters = {
        "deploymentConfiguration": configuration,
        "deploymentController": given.get("deploymentController") or {"type": "ECS"},
        "placementConstraints": given.get("placementConstraints") or [],
        "placementStrategy": given.get("placementStrategy") or [],
        "enableECSManagedTags": bool(given.get("enableECSManagedTags")),
        "enableExecuteCommand": bool(given.get("enableExecuteCommand")),
        "propagateTags": given.get("propagateTags") or "NONE",
        "availabilityZoneRebalancing": given.get("availabilityZoneRebalancing") or rebalancing,
    }
    if given.get("loadBalancers"):
        settings["healthCheckGracePeriodSeconds"] = int(given.get("healthCheckGracePeriodSeconds") or 0)
        settings["roleArn"] = given.get("role") or _SERVICE_LINKED_ROLE
    return settings
