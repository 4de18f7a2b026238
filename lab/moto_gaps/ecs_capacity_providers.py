"""Capacity providers of a cluster: moto takes any name, and a default strategy of providers that the cluster has not.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutClusterCapacityProviders.html
"""

from __future__ import annotations

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, amends, backend, guards

_FARGATE = {"FARGATE", "FARGATE_SPOT"}


def apply() -> None:
    guards("ecs", "CreateCluster", "PutClusterCapacityProviders")(check)
    amends("ecs", "DescribeClusters")(show_status)


def check(call: Call, params: Params) -> None:
    asked = params.get("capacityProviders") or []
    known = _FARGATE | set(backend("ecs", call.region).capacity_providers)
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise AwsError(
            "InvalidParameterException",
            f"The specified capacity provider(s) {', '.join(unknown)} were not found. "
            "Verify that the capacity provider(s) exist and are ACTIVE.",
        )
    for item in params.get("defaultCapacityProviderStrategy") or []:
        if item["capacityProvider"] not in asked:
            raise AwsError(
                "InvalidParameterException",
                f"The capacity provider {item['capacityProvider']} is not associated with the cluster.",
            )


def show_status(call: Call, params: Params, output: Params) -> None:
    for cluster in output["clusters"]:
        if "ATTACHMENTS" in (params.get("include") or []) and cluster.get("capacityProviders"):
            cluster["attachmentsStatus"] = "UPDATE_COMPLETE"
