from __future__ import annotations

import typing as t

import pytest

from lab.compute.plane import ComputePlane
from tests.integration.lab.compute.conftest import World

CLUSTER = "c"
OURS = {"central-llm:stack": "central-llm"}


@pytest.fixture
def world(lab: t.Any, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[World]:
    monkeypatch.setenv("LAB_BOOT_SECONDS", "0")
    plane = ComputePlane()
    plane.start(lab)
    try:
        yield World(lab)
    finally:
        plane.stop()


@pytest.fixture
def container_instance(run_module: t.Any) -> t.Any:
    return run_module("ecs_container_instance")


def out_of_touch(world: World) -> str:
    """A host that was stopped: its agent is gone, its registration is not."""
    host = world.host(CLUSTER)
    world.ec2.stop_instances(InstanceIds=[host])
    world.eventually(lambda: not of(world, host)["agentConnected"])
    return host


def of(world: World, host: str) -> dict[str, t.Any]:
    return next(each for each in world.container_instances(CLUSTER) if each["ec2InstanceId"] == host)


def registered(world: World) -> set[str]:
    return {each["ec2InstanceId"] for each in world.container_instances(CLUSTER)}


def end(world: World, host: str) -> None:
    world.ec2.terminate_instances(InstanceIds=[host])
    world.ec2.get_waiter("instance_terminated").wait(InstanceIds=[host], WaiterConfig={"Delay": 1})


def test_only_what_is_gone_is_deregistered(world: World, container_instance: t.Any) -> None:
    ended, resting, at_work = out_of_touch(world), out_of_touch(world), world.host(CLUSTER)
    end(world, ended)
    foretold = container_instance.ok(cluster=CLUSTER, tags=OURS, check=True)
    assert foretold.changed and registered(world) == {ended, resting, at_work}
    outcome = container_instance.ok(cluster=CLUSTER, tags=OURS)
    assert outcome["deregistered"] == foretold["deregistered"] and outcome["diff"] == foretold["diff"]
    (removed,) = outcome["deregistered"]
    assert (removed["ec2_instance_id"], removed["host_state"]) == (ended, "terminated")
    assert registered(world) == {resting, at_work}
    assert not container_instance.ok(cluster=CLUSTER, tags=OURS).changed


def test_tags_say_which_hosts_are_about_to_end(world: World, container_instance: t.Any) -> None:
    ours, theirs = out_of_touch(world), out_of_touch(world)
    world.ec2.create_tags(
        Resources=[ours], Tags=[{"Key": key, "Value": value} for key, value in {**OURS, "Name": "a"}.items()]
    )
    outcome = container_instance.ok(cluster=CLUSTER, tags=OURS)
    assert [(each["ec2_instance_id"], each["host_state"]) for each in outcome["deregistered"]] == [(ours, "stopped")]
    assert registered(world) == {theirs}


def test_what_works_is_left_alone_without_a_question_to_ec2(
    world: World, container_instance: t.Any, faults: t.Any
) -> None:
    host = world.host(CLUSTER)
    world.ec2.create_tags(Resources=[host], Tags=[{"Key": key, "Value": value} for key, value in OURS.items()])
    faults.forget_calls()
    assert not container_instance.ok(cluster=CLUSTER, tags=OURS).changed
    asked = {call["operation"] for call in faults.seen() if call["caller"] == "client"}
    assert asked == {"ListContainerInstances", "DescribeContainerInstances"}
    assert registered(world) == {host}


def test_without_a_cluster_there_is_nothing_to_do(container_instance: t.Any) -> None:
    assert container_instance.ok(cluster="none")["deregistered"] == []


def test_one_that_ecs_forgets_meanwhile_is_no_error(world: World, container_instance: t.Any, faults: t.Any) -> None:
    ended = out_of_touch(world)
    end(world, ended)
    faults.add("ecs", "DeregisterContainerInstance", "InvalidParameterException")
    assert container_instance.ok(cluster=CLUSTER).changed


@pytest.mark.parametrize("operation", ["ListContainerInstances", "DeregisterContainerInstance"])
def test_a_denial_names_the_missing_action(
    world: World, container_instance: t.Any, faults: t.Any, operation: str
) -> None:
    end(world, out_of_touch(world))
    faults.add("ecs", operation, "AccessDeniedException")
    assert f"ecs:{operation}" in container_instance.refused(cluster=CLUSTER)


def test_throttling_is_ridden_out(world: World, container_instance: t.Any, faults: t.Any) -> None:
    end(world, out_of_touch(world))
    faults.add("ecs", "DeregisterContainerInstance", "ThrottlingException", times=2)
    assert container_instance.ok(cluster=CLUSTER).changed
    assert registered(world) == set()
