"""ECS services and clusters as the control plane alone keeps them."""

from __future__ import annotations

import typing as t

import pytest
from helpers import refused

from lab.context import LabContext


@pytest.fixture
def ecs(lab: LabContext) -> t.Any:
    client = lab.client("ecs")
    client.create_cluster(clusterName="cluster")
    client.register_task_definition(
        family="task", containerDefinitions=[{"name": "vllm", "image": "image", "memory": 128}]
    )
    return client


SERVICE = {
    "cluster": "cluster",
    "serviceName": "service",
    "taskDefinition": "task",
    "desiredCount": 0,
    "deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 0},
    "healthCheckGracePeriodSeconds": 900,
    "enableExecuteCommand": True,
    "availabilityZoneRebalancing": "DISABLED",
    "placementConstraints": [{"type": "distinctInstance"}],
}


def read(ecs: t.Any) -> t.Any:
    return ecs.describe_services(cluster="cluster", services=["service"])["services"][0]


def test_a_service_keeps_what_it_was_given(ecs: t.Any) -> None:
    ecs.create_service(**SERVICE)
    shown = read(ecs)
    for name in ("deploymentConfiguration", "healthCheckGracePeriodSeconds", "enableExecuteCommand",
                 "availabilityZoneRebalancing", "placementConstraints"):  # fmt: skip
        assert shown[name] == SERVICE[name]
    assert "networkConfiguration" not in shown
    assert shown["runningCount"] == 0
    ecs.update_service(cluster="cluster", service="service", healthCheckGracePeriodSeconds=60)
    assert read(ecs)["healthCheckGracePeriodSeconds"] == 60


def test_what_a_service_cannot_be(ecs: t.Any) -> None:
    assert refused(ecs.create_service, **{**SERVICE, "cluster": "nobody"}) == "ClusterNotFoundException"
    group = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/nobody/0123456789abcdef"
    balancers = [{"targetGroupArn": group, "containerName": "vllm", "containerPort": 8000}]
    assert refused(ecs.create_service, **SERVICE, loadBalancers=balancers) == "InvalidParameterException"
    ecs.create_service(**SERVICE)
    assert refused(ecs.create_service, **SERVICE) == "InvalidParameterException"
    assert refused(ecs.delete_cluster, cluster="cluster") == "ClusterContainsServicesException"


def test_an_empty_cluster_has_its_lists(ecs: t.Any) -> None:
    shown = ecs.describe_clusters(clusters=["cluster"])["clusters"][0]
    assert (shown["capacityProviders"], shown["defaultCapacityProviderStrategy"]) == ([], [])
