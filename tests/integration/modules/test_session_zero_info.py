from __future__ import annotations

import json
import typing as t

import pytest

STACK = "central-llm"
TAGS = [{"Key": "central-llm:stack", "Value": STACK}]
NAMES = {
    "stack": STACK,
    "host_name": "central-llm-ec2",
    "cluster": "central-llm-service-cluster",
    "service": "central-llm-service",
    "target_group": "central-llm-nlb-tg",
    "load_balancer": "central-llm-nlb",
    "schedule_prefix": "central-llm-",
}


@pytest.fixture
def zero(run_module: t.Any) -> t.Any:
    return run_module("session_zero_info")


@pytest.fixture
def ec2(lab: t.Any) -> t.Any:
    return lab.client("ec2")


def launch(ec2: t.Any, **tags: str) -> str:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    tagged = [{"ResourceType": "instance", "Tags": listed}] if listed else []
    made = ec2.run_instances(
        ImageId=image, InstanceType="g6e.2xlarge", MinCount=1, MaxCount=1, TagSpecifications=tagged
    )
    return str(made["Instances"][0]["InstanceId"])


def kinds(outcome: t.Any) -> list[tuple[str, str]]:
    return [(each["kind"], each["id"]) for each in outcome["left"]]


def test_of_an_empty_account(zero: t.Any, faults: t.Any) -> None:
    outcome = zero.ok(**NAMES)
    assert not outcome.changed and outcome["left"] == [] and outcome["remaining"] == []
    assert all(name.startswith(("Describe", "List")) for name in faults.calls())
    assert zero.ok(check=True, **NAMES)["left"] == []


def test_hosts_by_tag_by_name_and_by_relation(zero: t.Any, ec2: t.Any, lab: t.Any) -> None:
    by_tag = launch(ec2, **{"central-llm:stack": STACK, "Name": "renamed"})
    by_name = launch(ec2, Name="central-llm-ec2")
    launch(ec2, **{"central-llm:stack": "other", "Name": "central-llm-ec2"})
    launch(ec2)
    by_target = launch(ec2)
    elbv2 = lab.client("elbv2")
    vpc_id = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = elbv2.create_target_group(
        Name="central-llm-nlb-tg", Protocol="TCP", Port=8000, VpcId=vpc_id, TargetType="instance"
    )
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[by_target])
    elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": by_target, "Port": 8000}])

    found = kinds(zero.ok(**NAMES))
    assert {name for kind, name in found if kind == "instance"} == {by_tag, by_name, by_target}
    assert ("target", by_target) in found
    # Each host's volume is found by the host, though nobody tagged it.
    assert len([name for kind, name in found if kind == "volume"]) == 3

    ec2.terminate_instances(InstanceIds=[by_tag, by_name, by_target])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[by_tag, by_name, by_target])
    elbv2.delete_target_group(TargetGroupArn=arn)
    assert kinds(zero.ok(**NAMES)) == []


def test_what_was_never_a_host(zero: t.Any, ec2: t.Any, lab: t.Any) -> None:
    subnet = ec2.describe_subnets()["Subnets"][0]
    tagged = {"Tags": TAGS}
    volume = ec2.create_volume(
        Size=1, AvailabilityZone=subnet["AvailabilityZone"], TagSpecifications=[{"ResourceType": "volume", **tagged}]
    )
    interface = ec2.create_network_interface(
        SubnetId=subnet["SubnetId"], TagSpecifications=[{"ResourceType": "network-interface", **tagged}]
    )
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=[{"ResourceType": "elastic-ip", **tagged}])
    iam = lab.client("iam")
    principal = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [principal]})
    role = iam.create_role(RoleName="lease", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    lab.client("scheduler").create_schedule(
        Name="central-llm-lease-1",
        ScheduleExpression="at(2030-01-01T00:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": "arn:aws:scheduler:::aws-sdk:ec2:terminateInstances", "RoleArn": role, "Input": "{}"},
    )
    assert kinds(zero.ok(**NAMES)) == [
        ("elastic address", address["AllocationId"]),
        ("network interface", interface["NetworkInterface"]["NetworkInterfaceId"]),
        ("schedule", "central-llm-lease-1"),
        ("volume", volume["VolumeId"]),
    ]
    assert ("schedule", "central-llm-lease-1") not in kinds(zero.ok(**{**NAMES, "schedule_prefix": ""}))


def test_denied_is_no_proof(zero: t.Any, faults: t.Any) -> None:
    faults.add("ec2", "DescribeVolumes", "UnauthorizedOperation", status=403, times=-1)
    assert "ec2:DescribeVolumes" in zero.refused(**NAMES)
