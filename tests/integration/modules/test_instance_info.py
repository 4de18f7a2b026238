from __future__ import annotations

import typing as t

import pytest

OURS = {"central-llm:stack": "central-llm", "Name": "central-llm-ec2"}


@pytest.fixture
def instance_info(run_module: t.Any) -> t.Any:
    return run_module("instance_info")


@pytest.fixture
def ec2(lab: t.Any) -> t.Any:
    return lab.client("ec2")


def launch(ec2: t.Any, tags: dict[str, str]) -> str:
    tagged = {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    return ec2.run_instances(
        ImageId="ami-12c6146b", InstanceType="g6e.2xlarge", MinCount=1, MaxCount=1, TagSpecifications=[tagged]
    )["Instances"][0]["InstanceId"]


@pytest.mark.parametrize("check", [False, True], ids=["run", "check-mode"])
def test_only_what_carries_all_tags_is_listed(instance_info: t.Any, ec2: t.Any, check: bool) -> None:
    ours = launch(ec2, OURS)
    ec2.get_waiter("instance_running").wait(InstanceIds=[ours], WaiterConfig={"Delay": 1})
    launch(ec2, {"central-llm:stack": "another"})
    launch(ec2, {"Name": "central-llm-ec2"})
    outcome = instance_info.ok(tags=OURS, check=check)
    assert not outcome.changed
    [found] = outcome["instances"]
    told = ec2.describe_instances(InstanceIds=[ours])["Reservations"][0]["Instances"][0]
    assert found == {
        "instance_id": ours,
        "state": "running",
        "state_transition_reason": told["StateTransitionReason"],
        "launch_time": told["LaunchTime"].isoformat(),
        "instance_type": "g6e.2xlarge",
        "image_id": "ami-12c6146b",
        "tags": OURS,
    }


def test_a_wildcard_in_a_value_is_none(instance_info: t.Any, ec2: t.Any) -> None:
    launch(ec2, OURS)
    assert instance_info.ok(tags={"Name": "central-*"})["instances"] == []


def test_only_the_given_states_are_listed(instance_info: t.Any, ec2: t.Any) -> None:
    ours = launch(ec2, OURS)
    ec2.terminate_instances(InstanceIds=[ours])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[ours], WaiterConfig={"Delay": 1})
    assert instance_info.ok(tags=OURS)["instances"] == []
    assert [each["state"] for each in instance_info.ok(tags=OURS, states=["terminated"])["instances"]] == ["terminated"]


@pytest.mark.parametrize(("options", "message"), [({"tags": {}}, "tags is empty"), ({"states": []}, "states is empty")])
def test_bad_input_is_refused_before_any_call(
    instance_info: t.Any, faults: t.Any, options: dict[str, t.Any], message: str
) -> None:
    faults.forget_calls()
    assert message in instance_info.refused(**{"tags": OURS, **options})
    assert faults.calls() == []


def test_a_denial_names_the_missing_action(instance_info: t.Any, faults: t.Any) -> None:
    faults.add("ec2", "DescribeInstances", "UnauthorizedOperation", status=403, message="not today")
    assert "ec2:DescribeInstances" in instance_info.refused(tags=OURS)


def test_throttling_is_ridden_out(instance_info: t.Any, faults: t.Any) -> None:
    faults.add("ec2", "DescribeInstances", "RequestLimitExceeded", status=503, times=2)
    assert instance_info.ok(tags=OURS)["instances"] == []
