"""EC2 instances become container instances when everything they need is there, and only then."""

from __future__ import annotations

import typing as t

import pytest
from botocore.exceptions import ClientError


def resource(instance: dict[str, t.Any], which: str, name: str) -> t.Any:
    found = next(r for r in instance[which] if r["name"] == name)
    return found["stringSetValue"] if found["type"] == "STRINGSET" else found["integerValue"]


def console(world: t.Any, instance_id: str) -> str:
    return str(world.ec2.get_console_output(InstanceId=instance_id)["Output"])


def test_host_registers_with_the_resources_of_its_type(world: t.Any) -> None:
    instance_id = world.host()
    (instance,) = world.container_instances()
    assert instance["ec2InstanceId"] == instance_id
    assert instance["status"] == "ACTIVE"
    assert instance["agentConnected"] is True
    assert resource(instance, "registeredResources", "CPU") == 8 * 1024
    assert 60_000 < resource(instance, "registeredResources", "MEMORY") < 65_536
    assert len(resource(instance, "registeredResources", "GPU")) == 1
    attributes = {a["name"]: a.get("value") for a in instance["attributes"]}
    assert attributes["ecs.instance-type"] == "g6e.2xlarge"
    assert world.ecs.describe_clusters(clusters=["c"])["clusters"][0]["registeredContainerInstancesCount"] == 1


def test_host_without_profile_stays_out_and_says_why(world: t.Any) -> None:
    world.ecs.create_cluster(clusterName="c")
    instance_id = world.launch(profile=None)
    world.eventually(lambda: "no instance profile" in console(world, instance_id))
    assert world.container_instances() == []


def test_host_registers_once_its_role_gets_the_policy(world: t.Any) -> None:
    world.ecs.create_cluster(clusterName="c")
    world.profile("weak", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    instance_id = world.launch(profile="weak")
    world.eventually(lambda: "not authorized to perform: ecs:" in console(world, instance_id))
    assert world.container_instances() == []
    world.iam.attach_role_policy(
        RoleName="weak", PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
    )
    world.eventually(world.container_instances)


def test_host_waits_for_its_cluster(world: t.Any) -> None:
    world.profile()
    world.ecs.create_cluster(clusterName="other")
    instance_id = world.launch("c")
    world.eventually(lambda: "there is no cluster c" in console(world, instance_id))
    world.ecs.create_cluster(clusterName="c")
    world.eventually(world.container_instances)


def test_image_without_agent_stays_out_and_a_baked_one_joins(world: t.Any) -> None:
    instance_id = world.host()
    plain = world.ec2.register_image(Name="debian-12", RootDeviceName="/dev/xvda", Architecture="x86_64")["ImageId"]
    stranger = world.launch(image_id=plain)
    world.eventually(lambda: "no ECS agent" in console(world, stranger))
    baked = world.ec2.create_image(InstanceId=instance_id, Name="central-llm-host")["ImageId"]
    other = world.launch(image_id=baked)
    world.eventually(lambda: other in [i["ec2InstanceId"] for i in world.container_instances()])
    assert stranger not in [i["ec2InstanceId"] for i in world.container_instances()]


def test_stopped_host_loses_its_agent_and_comes_back(world: t.Any) -> None:
    instance_id = world.host()
    world.ec2.stop_instances(InstanceIds=[instance_id])
    world.eventually(lambda: world.container_instances()[0]["agentConnected"] is False)
    world.ec2.start_instances(InstanceIds=[instance_id])
    world.eventually(lambda: world.container_instances()[0]["agentConnected"] is True)


def test_terminated_host_disappears(world: t.Any) -> None:
    instance_id = world.host()
    world.ec2.terminate_instances(InstanceIds=[instance_id])
    world.eventually(lambda: world.container_instances() == [])


def test_host_that_was_stopped_first_stays_registered_when_it_is_terminated(world: t.Any) -> None:
    instance_id = world.host()
    world.ec2.stop_instances(InstanceIds=[instance_id])
    world.eventually(lambda: world.container_instances()[0]["agentConnected"] is False)
    world.ec2.terminate_instances(InstanceIds=[instance_id])
    world.ec2.get_waiter("instance_terminated").wait(InstanceIds=[instance_id], WaiterConfig={"Delay": 1})
    # Another host has come and gone meanwhile: the lab has looked at both.
    other = world.host()
    world.ec2.terminate_instances(InstanceIds=[other])
    world.eventually(lambda: [each["ec2InstanceId"] for each in world.container_instances()] == [instance_id])


def test_deregistration_needs_force_while_tasks_run(world: t.Any) -> None:
    world.host()
    world.define()
    world.serve()
    (task,) = world.running()
    arn = world.container_instances()[0]["containerInstanceArn"]
    with pytest.raises(ClientError, match="Found running tasks"):
        world.ecs.deregister_container_instance(cluster="c", containerInstance=arn)
    answer = world.ecs.deregister_container_instance(cluster="c", containerInstance=arn, force=True)
    assert answer["containerInstance"]["status"] == "INACTIVE"
    assert world.container_instances() == []
    # The agent registers the host anew, and the service starts another one there: only this one tells.
    assert world.stopped()["taskArn"] == task["taskArn"]
