"""ECS services: moto drops half of a service's members, takes a target group that does not exist, and makes a second
service of the same name.

The compute plane answers these operations itself where it runs; what it says about a service stands.
"""

from __future__ import annotations

import typing as t

from lab.control import current
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, amends, backend, guards

_KEPT = (
    "deploymentConfiguration",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
    "enableExecuteCommand",
    "enableECSManagedTags",
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "networkConfiguration",
    "propagateTags",
)
_DEFAULTS: Params = {
    "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100},
    "placementConstraints": [],
    "placementStrategy": [],
    "enableExecuteCommand": False,
    "enableECSManagedTags": False,
    "availabilityZoneRebalancing": "ENABLED",
}

# service ARN -> members as they were given
_given: dict[str, Params] = {}


@current.on_reset
def clear() -> None:
    _given.clear()


def apply() -> None:
    guards("ecs", "CreateService")(check_new)
    guards("ecs", "UpdateService")(check_change)
    guards("ecs", "DeleteCluster")(check_empty)
    amends("ecs", "CreateService")(keep)
    amends("ecs", "UpdateService")(update)
    amends("ecs", "DescribeServices")(describe)
    amends("ecs", "DeleteService")(describe)
    amends("ecs", "CreateCluster", "DescribeClusters", "DeleteCluster", "UpdateCluster")(fill_clusters)


def _cluster(params: Params) -> str:
    return str(params.get("cluster") or "default").rsplit("/", 1)[-1]


def check_new(call: Call, params: Params) -> None:
    if params.get("launchType") and params.get("capacityProviderStrategy"):
        raise AwsError(
            "InvalidParameterException",
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        )
    services = backend("ecs", call.region).services
    known = services.get(f"{_cluster(params)}:{params['serviceName']}")
    if known is not None and known.status == "ACTIVE":
        raise AwsError("InvalidParameterException", "Creation of service was not idempotent.")
    groups = backend("elbv2", call.region).target_groups
    for balancer in params.get("loadBalancers") or []:
        arn = balancer.get("targetGroupArn")
        if arn and arn not in groups:
            raise AwsError("InvalidParameterException", f"The specified target group does not exist. {arn}")
        if arn and not groups[arn].load_balancer_arns:
            raise AwsError(
                "InvalidParameterException",
                f"The target group with targetGroupArn {arn} does not have an associated load balancer.",
            )


def check_change(call: Call, params: Params) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html"""
    asked = params.get("capacityProviderStrategy")
    service = backend("ecs", call.region).services.get(f"{_cluster(params)}:{params['service'].rsplit('/', 1)[-1]}")
    if asked is None or service is None or params.get("forceNewDeployment"):
        return
    if _by_provider(asked) != _by_provider(_given.get(service.arn, {}).get("capacityProviderStrategy") or []):
        raise AwsError(
            "InvalidParameterException",
            "When switching from launch type to capacity provider strategy on an existing service, or making a change "
            "to a capacity provider strategy on a service that is already using one, you must force a new deployment.",
        )


def _by_provider(strategy: list[Params]) -> list[Params]:
    return sorted(strategy, key=lambda item: str(item["capacityProvider"]))


def check_empty(call: Call, params: Params) -> None:
    name = _cluster(params)
    services = backend("ecs", call.region).services
    if any(key.startswith(f"{name}:") and service.status == "ACTIVE" for key, service in services.items()):
        raise AwsError(
            "ClusterContainsServicesException",
            "The Cluster cannot be deleted while Services are active.",
        )


def keep(call: Call, params: Params, output: Params) -> None:
    service = output["service"]
    _given[service["serviceArn"]] = {name: params[name] for name in _KEPT if params.get(name) is not None}
    _fill(service)


def update(call: Call, params: Params, output: Params) -> None:
    service = output["service"]
    given = _given.setdefault(service["serviceArn"], {})
    given.update({name: params[name] for name in _KEPT if params.get(name) is not None})
    _fill(service)


def describe(call: Call, params: Params, output: Params) -> None:
    for service in [*(output.get("services") or []), *([output["service"]] if output.get("service") else [])]:
        _fill(service)


def _fill(service: Params) -> None:
    """Members that are there already were put there by who runs the service."""
    if service.get("networkConfiguration") == {}:
        del service["networkConfiguration"]
    given = {**_DEFAULTS, **_given.get(service["serviceArn"], {})}
    if given.get("capacityProviderStrategy"):
        # A service has either of the two.
        service.pop("launchType", None)
    configuration = {**_DEFAULTS["deploymentConfiguration"], **given["deploymentConfiguration"]}
    for name, value in {**given, "deploymentConfiguration": configuration}.items():
        service.setdefault(name, value)


def fill_clusters(call: Call, params: Params, output: Params) -> None:
    """Members that an empty cluster has, too, and that moto leaves out."""
    clusters: list[t.Any] = [*(output.get("clusters") or []), *([output["cluster"]] if output.get("cluster") else [])]
    for cluster in clusters:
        for name in ("capacityProviders", "defaultCapacityProviderStrategy", "statistics", "tags"):
            cluster.setdefault(name, [])
