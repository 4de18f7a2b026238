from __future__ import annotations

import typing as t

import pytest

NAME = "central-llm-nlb-tg"
OWN = {"Name": "central-llm-ec2", "central-llm:stack": "central-llm"}
OPTIONS = {"name": NAME, "own_tags": OWN}


@pytest.fixture
def registration(run_module: t.Any) -> t.Any:
    return run_module("target_registration")


@pytest.fixture
def ec2(lab: t.Any) -> t.Any:
    return lab.client("ec2")


@pytest.fixture
def elbv2(lab: t.Any) -> t.Any:
    return lab.client("elbv2")


@pytest.fixture
def group(ec2: t.Any, elbv2: t.Any) -> str:
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    made = elbv2.create_target_group(Name=NAME, Protocol="TCP", Port=8000, VpcId=vpc, TargetType="instance")
    return str(made["TargetGroups"][0]["TargetGroupArn"])


@pytest.fixture
def host(ec2: t.Any, elbv2: t.Any, group: str) -> t.Callable[..., str]:
    """Starts an instance with these tags and registers it."""
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]

    def start(**tags: str) -> str:
        listed = [{"Key": key, "Value": value} for key, value in (tags or OWN).items()]
        marks = [{"ResourceType": "instance", "Tags": listed}]
        started = ec2.run_instances(
            ImageId=image, InstanceType="m5.large", MinCount=1, MaxCount=1, TagSpecifications=marks
        )
        instance_id = str(started["Instances"][0]["InstanceId"])
        ec2.get_waiter("instance_running").wait(InstanceIds=[instance_id])
        elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": instance_id, "Port": 8000}])
        return instance_id

    return start


def registered(elbv2: t.Any, group: str) -> list[str]:
    health = elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return sorted(one["Target"]["Id"] for one in health if one["TargetHealth"]["State"] != "draining")


def test_live_hosts_stay(registration: t.Any, elbv2: t.Any, group: str, host: t.Any, faults: t.Any) -> None:
    hosts = sorted([host(), host(Name=OWN["Name"])])
    faults.forget_calls()
    outcome = registration.settled(**OPTIONS)
    assert outcome["deregistered"] == outcome["foreign"] == []
    assert outcome["target_registration"]["targets"] == [f"{one}:8000" for one in hosts]
    assert registered(elbv2, group) == hosts
    assert "DeregisterTargets" not in faults.calls()


def test_a_host_that_no_longer_answers_goes(
    registration: t.Any, ec2: t.Any, elbv2: t.Any, group: str, host: t.Any
) -> None:
    live, stopped = host(), host()
    ec2.stop_instances(InstanceIds=[stopped])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[stopped])
    foretold = registration.ok(check=True, **OPTIONS)
    assert registered(elbv2, group) == sorted([live, stopped])
    outcome = registration.predicted(**OPTIONS)
    assert outcome["deregistered"] == foretold["deregistered"]
    assert [(one["id"], one["reason"]) for one in outcome["deregistered"]] == [(stopped, "the instance is stopped")]
    assert registered(elbv2, group) == [live]
    registration.settled(**OPTIONS)


def test_hosts_of_others_are_told_and_go_only_on_request(
    registration: t.Any, elbv2: t.Any, group: str, host: t.Any
) -> None:
    ours, theirs = host(), host(Name="somebody-elses")
    outcome = registration.settled(**OPTIONS)
    assert [one["id"] for one in outcome["foreign"]] == [theirs] and "Name=central-llm-ec2" in str(outcome["foreign"])
    assert registered(elbv2, group) == sorted([ours, theirs])
    outcome = registration.predicted(**OPTIONS, remove_foreign=True)
    assert [one["id"] for one in outcome["deregistered"]] == [theirs] and outcome["foreign"] == []
    assert registered(elbv2, group) == [ours]


def test_no_group_has_no_targets(registration: t.Any) -> None:
    outcome = registration.settled(**OPTIONS)
    assert outcome["target_registration"] == {"target_group_arn": None, "targets": []}


def test_bad_input_is_refused(registration: t.Any, ec2: t.Any, elbv2: t.Any, group: str, host: t.Any) -> None:
    host(Name="somebody-elses")
    assert "own_tags is empty" in registration.refused(name=NAME, own_tags={}, remove_foreign=True)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    elbv2.create_target_group(Name="addresses", Protocol="TCP", Port=8000, VpcId=vpc, TargetType="ip")
    assert "type ip" in registration.refused(name="addresses", own_tags=OWN)
    assert len(registered(elbv2, group)) == 1


def test_a_denial_names_the_missing_action_and_throttling_is_ridden_out(
    registration: t.Any, elbv2: t.Any, group: str, host: t.Any, faults: t.Any
) -> None:
    host(Name="somebody-elses")
    faults.add("elbv2", "DeregisterTargets", "AccessDenied", status=403)
    assert "elasticloadbalancing:DeregisterTargets" in registration.refused(**OPTIONS, remove_foreign=True)
    faults.add("elbv2", "DescribeTargetHealth", "Throttling", times=2)
    faults.add("elbv2", "DeregisterTargets", "Throttling", times=2)
    assert registration.predicted(**OPTIONS, remove_foreign=True).changed
    assert registered(elbv2, group) == []
