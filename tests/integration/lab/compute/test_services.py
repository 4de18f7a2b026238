"""Services keep their desired count, say what they do, and replace their tasks in a deployment."""

from __future__ import annotations

import typing as t

import pytest
from botocore.exceptions import ClientError


def test_up_and_down(world: t.Any) -> None:
    world.host()
    world.define()
    world.serve(desired=0)
    world.eventually(lambda: "reached a steady state" in world.events())
    world.ecs.update_service(cluster="c", service="s", desiredCount=1)
    (task,) = world.running()
    assert task["group"] == "service:s"
    world.eventually(lambda: world.service()["deployments"][0]["rolloutState"] == "COMPLETED")
    service = world.service()
    assert (service["runningCount"], service["pendingCount"], service["desiredCount"]) == (1, 0, 1)
    assert service["deployments"][0]["runningCount"] == 1
    world.ecs.get_waiter("services_stable").wait(cluster="c", services=["s"])
    world.ecs.update_service(cluster="c", service="s", desiredCount=0)
    stopped = world.stopped()
    assert stopped["stoppedReason"].startswith("Scaling activity initiated by (deployment ecs-svc/")
    assert stopped["containers"][0]["exitCode"] is not None
    world.eventually(lambda: world.service()["runningCount"] == 0)
    events = world.service()["events"]
    assert any("has stopped 1 running tasks" in event["message"] for event in events)
    assert [e["createdAt"] for e in events] == sorted((e["createdAt"] for e in events), reverse=True)


def test_settings_are_shown_as_given(world: t.Any) -> None:
    world.host()
    world.define()
    given = {"minimumHealthyPercent": 0, "maximumPercent": 100}
    world.serve(desired=0, deploymentConfiguration=given, enableExecuteCommand=True)
    service = world.service()
    assert service["deploymentConfiguration"].items() >= given.items()
    assert service["enableExecuteCommand"] is True
    assert service["schedulingStrategy"] == "REPLICA"


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        ({"memory": 900_000}, "has insufficient memory available"),
        ({"cpu": 90_000}, "has insufficient CPU units available"),
        ({"resourceRequirements": [{"type": "GPU", "value": "2"}]}, "has insufficient GPU resource available"),
        ({"portMappings": [{"containerPort": 22, "hostPort": 22}]}, "is already using a port required by your task"),
    ],
)
def test_no_room_is_said(world: t.Any, container: dict[str, t.Any], reason: str) -> None:
    world.host()
    world.define(**container)
    world.serve()
    world.eventually(lambda: reason in world.events())
    assert world.service()["runningCount"] == 0


def test_tasks_wait_for_an_instance(world: t.Any) -> None:
    world.ecs.create_cluster(clusterName="c")
    world.define()
    world.serve()
    world.eventually(lambda: "Reason: No Container Instances were found in your cluster." in world.events())
    world.host()
    world.running()


def test_two_hosts_share_the_load(world: t.Any) -> None:
    world.host()
    world.host()
    world.define()
    world.serve(desired=2)
    tasks = world.running(2)
    assert len({task["containerInstanceArn"] for task in tasks}) == 2


def test_new_definition_replaces_the_task(world: t.Any) -> None:
    world.host()
    world.define()
    world.serve()
    (old,) = world.running()
    arn = world.define(environment=[{"name": "NEW", "value": "1"}])
    world.ecs.update_service(cluster="c", service="s", taskDefinition=arn)
    assert len(world.service()["deployments"]) == 2

    def finished() -> bool:
        deployments = world.service()["deployments"]
        return len(deployments) == 1 and deployments[0]["rolloutState"] == "COMPLETED"

    world.eventually(finished)
    (new,) = world.running()
    assert new["taskDefinitionArn"] == arn
    assert new["taskArn"] != old["taskArn"]
    assert "deployment completed" in world.events()


def test_force_new_deployment_overlaps_where_there_is_room(world: t.Any) -> None:
    world.host()
    world.host()
    world.define()
    world.serve(deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 200})
    (old,) = world.running()
    world.ecs.update_service(cluster="c", service="s", forceNewDeployment=True)
    world.eventually(lambda: len(world.service()["deployments"]) == 1)
    (new,) = world.running()
    assert new["startedAt"] <= world.stopped()["stoppingAt"]
    assert new["taskArn"] != old["taskArn"]


def test_draining_instance_hands_its_tasks_over(world: t.Any) -> None:
    first = world.host()
    world.define()
    world.serve()
    world.running()
    second = world.host()
    arns = {i["ec2InstanceId"]: i["containerInstanceArn"] for i in world.container_instances()}
    world.ecs.update_container_instances_state(cluster="c", containerInstances=[arns[first]], status="DRAINING")

    def moved() -> bool:
        tasks = [task for task in world.tasks() if task["lastStatus"] == "RUNNING"]
        return [task["containerInstanceArn"] for task in tasks] == [arns[second]]

    world.eventually(moved)


def test_circuit_breaker_fails_the_deployment(world: t.Any) -> None:
    world.host()
    world.define(image="nobody/knows")
    configuration = {
        "minimumHealthyPercent": 0,
        "maximumPercent": 100,
        "deploymentCircuitBreaker": {"enable": True, "rollback": False},
    }
    world.serve(deploymentConfiguration=configuration)
    world.eventually(lambda: world.service()["deployments"][0]["rolloutState"] == "FAILED")
    assert "deployment failed: tasks failed to start" in world.events()


def test_circuit_breaker_goes_back_to_what_came_up(world: t.Any) -> None:
    world.host()
    came_up = world.define()
    configuration = {
        "minimumHealthyPercent": 0,
        "maximumPercent": 100,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
    }
    world.serve(deploymentConfiguration=configuration)
    world.eventually(lambda: "deployment completed" in world.events())
    # There is no room for two: the deployment that came up has no task left when the other one fails.
    world.ecs.update_service(cluster="c", service="s", taskDefinition=world.define(image="nobody/knows"))
    world.eventually(lambda: "rolling back to deployment" in world.events())
    (task,) = world.running()
    assert task["taskDefinitionArn"] == world.service()["taskDefinition"] == came_up
    world.eventually(lambda: len(world.service()["deployments"]) == 1)
    assert world.service()["deployments"][0]["rolloutState"] == "COMPLETED"


def test_delete_drains_first(world: t.Any) -> None:
    world.host()
    world.define()
    world.serve()
    world.running()
    with pytest.raises(ClientError, match="scaled above 0"):
        world.ecs.delete_service(cluster="c", service="s")
    with pytest.raises(ClientError, match="Services are active"):
        world.ecs.delete_cluster(cluster="c")
    world.ecs.delete_service(cluster="c", service="s", force=True)
    world.eventually(lambda: world.service()["status"] == "INACTIVE")
    assert world.ecs.list_services(cluster="c")["serviceArns"] == []
    world.serve(desired=0)
    assert world.service()["status"] == "ACTIVE"


def test_service_exists_once(world: t.Any) -> None:
    world.ecs.create_cluster(clusterName="c")
    world.define()
    world.serve(desired=0)
    with pytest.raises(ClientError, match="not idempotent"):
        world.serve(desired=1)
