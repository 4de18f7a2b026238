from __future__ import annotations

import datetime
import json
import typing as t

import pytest

CLUSTER = "central-llm-service-cluster"
NAME = "central-llm-service"
NOTHING: dict[str, t.Any] = {"cluster": None, "service": None, "tasks": [], "container_instances": []}


@pytest.fixture
def info(run_module: t.Any) -> t.Any:
    return run_module("ecs_info")


@pytest.fixture
def ecs(lab: t.Any) -> t.Any:
    return lab.client("ecs")


def seen(outcome: dict[str, t.Any]) -> dict[str, t.Any]:
    return {key: outcome[key] for key in NOTHING}


def test_without_a_cluster_there_is_nothing(info: t.Any, ecs: t.Any) -> None:
    outcome = info.ok(cluster=CLUSTER, service=NAME)
    assert not outcome.changed
    assert seen(outcome) == NOTHING


def test_a_deleted_cluster_is_nothing(info: t.Any, ecs: t.Any) -> None:
    ecs.create_cluster(clusterName=CLUSTER)
    ecs.delete_cluster(cluster=CLUSTER)
    assert seen(info.ok(cluster=CLUSTER)) == NOTHING


def test_an_empty_cluster(info: t.Any, ecs: t.Any) -> None:
    arn = ecs.create_cluster(clusterName=CLUSTER)["cluster"]["clusterArn"]
    outcome = info.ok(cluster=CLUSTER, service=NAME)
    assert outcome["cluster"]["arn"] == arn
    assert (outcome["service"], outcome["tasks"], outcome["container_instances"]) == (None, [], [])


def test_a_service_is_shown_as_aws_has_it(info: t.Any, ecs: t.Any) -> None:
    ecs.create_cluster(clusterName=CLUSTER)
    ecs.register_task_definition(family="engine", containerDefinitions=[{"name": "c", "image": "i", "memory": 64}])
    made = ecs.create_service(
        cluster=CLUSTER, serviceName=NAME, taskDefinition="engine", desiredCount=0, launchType="EC2"
    )["service"]
    service = info.ok(cluster=CLUSTER, service=NAME)["service"]
    assert (service["arn"], service["desired_count"]) == (made["serviceArn"], 0)
    assert datetime.datetime.fromisoformat(service["deployments"][0]["created_at"])
    assert info.ok(cluster=CLUSTER)["service"] is None
    ecs.delete_service(cluster=CLUSTER, service=NAME)
    assert info.ok(cluster=CLUSTER, service=NAME)["service"] is None


def test_hosts_and_tasks_are_shown_as_aws_has_them(info: t.Any, lab: t.Any, ecs: t.Any) -> None:
    ecs.create_cluster(clusterName=CLUSTER)
    host = a_host(lab, ecs)
    ecs.register_task_definition(family="engine", containerDefinitions=[{"name": "vllm", "image": "i", "memory": 64}])
    task = ecs.run_task(cluster=CLUSTER, taskDefinition="engine", launchType="EC2")["tasks"][0]["taskArn"]
    outcome = info.ok(cluster=CLUSTER)
    (instance,) = outcome["container_instances"]
    assert (instance["arn"], instance["agent_connected"]) == (host["containerInstanceArn"], True)
    assert instance["ec2_instance_id"] == host["ec2InstanceId"]
    (shown,) = outcome["tasks"]
    assert (shown["arn"], shown["desired_status"]) == (task, "RUNNING")
    assert shown["container_instance_arn"] == host["containerInstanceArn"]
    ecs.stop_task(cluster=CLUSTER, task=task, reason="enough")
    (stopped,) = info.ok(cluster=CLUSTER)["tasks"]
    assert (stopped["desired_status"], stopped["stopped_reason"]) == ("STOPPED", "enough")


def a_host(lab: t.Any, ecs: t.Any) -> dict[str, t.Any]:
    """A container instance, registered as the agent does it: with the identity document of its EC2 instance."""
    ec2 = lab.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    instance = ec2.run_instances(ImageId=image, InstanceType="t3.small", MinCount=1, MaxCount=1)["Instances"][0]
    document = json.dumps({"instanceId": instance["InstanceId"], "region": lab.region, "imageId": image})
    registered = ecs.register_container_instance(cluster=CLUSTER, instanceIdentityDocument=document)
    return registered["containerInstance"]


def test_a_denial_names_the_missing_action(info: t.Any, faults: t.Any) -> None:
    faults.add("ecs", "DescribeClusters", "AccessDeniedException")
    assert "ecs:DescribeClusters" in info.refused(cluster=CLUSTER)
