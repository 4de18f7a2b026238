"""How many services a cluster has: moto always says none."""

from __future__ import annotations

from lab.control.call import Call
from lab.control.operations import Params, amends, backend


def apply() -> None:
    amends("ecs", "DescribeClusters")(count)


def count(call: Call, params: Params, output: Params) -> None:
    services = backend("ecs", call.region).services.values()
    for cluster in output["clusters"]:
        ours = (one for one in services if one.cluster_arn == cluster["clusterArn"] and one.status == "ACTIVE")
        cluster["activeServicesCount"] = sum(1 for _ in ours)
