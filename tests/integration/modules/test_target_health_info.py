from __future__ import annotations

import typing as t

import pytest
from lab_network import Network, make_network

NAME = "central-llm-nlb-tg"


@pytest.fixture
def health_info(run_module: t.Any) -> t.Any:
    return run_module("target_health_info")


@pytest.fixture
def elbv2(lab: t.Any) -> t.Any:
    return lab.client("elbv2")


@pytest.fixture
def network(lab: t.Any) -> Network:
    return make_network(lab)


@pytest.fixture
def group(elbv2: t.Any, network: Network) -> str:
    made = elbv2.create_target_group(
        Name=NAME, Protocol="TCP", Port=8000, VpcId=network.vpc_id, TargetType="ip", HealthCheckProtocol="TCP"
    )
    return made["TargetGroups"][0]["TargetGroupArn"]


def test_a_group_without_targets(health_info: t.Any, group: str) -> None:
    for asked in ({"name": NAME}, {"target_group_arn": group}):
        outcome = health_info.ok(**asked)
        assert not outcome.changed
        assert (outcome["target_group_arn"], outcome["targets"], outcome["healthy_count"]) == (group, [], 0)


def test_targets_are_shown_as_aws_sees_them(health_info: t.Any, elbv2: t.Any, group: str) -> None:
    elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.9.0.8", "Port": 8001}, {"Id": "10.9.0.7"}])
    seen = elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    states = {one["Target"]["Id"]: one["TargetHealth"]["State"] for one in seen}
    outcome = health_info.ok(name=NAME)
    assert [target["id"] for target in outcome["targets"]] == ["10.9.0.7", "10.9.0.8"]
    assert [target["port"] for target in outcome["targets"]] == [8000, 8001]
    assert {target["id"]: target["state"] for target in outcome["targets"]} == states
    assert outcome["healthy_count"] == sum(state == "healthy" for state in states.values())


def test_what_does_not_exist_is_empty(health_info: t.Any, elbv2: t.Any, group: str) -> None:
    elbv2.delete_target_group(TargetGroupArn=group)
    for asked in ({"name": NAME}, {"target_group_arn": group}):
        outcome = health_info.ok(**asked)
        assert (outcome["target_group_arn"], outcome["targets"], outcome["healthy_count"]) == (None, [], 0)


def test_one_of_arn_and_name(health_info: t.Any, group: str) -> None:
    assert "one of the following" in health_info.refused()
    assert "mutually exclusive" in health_info.refused(name=NAME, target_group_arn=group)


def test_a_denial_names_the_missing_action(health_info: t.Any, faults: t.Any, group: str) -> None:
    faults.add("elbv2", "DescribeTargetHealth", "AccessDenied", status=403)
    assert "elasticloadbalancing:DescribeTargetHealth" in health_info.refused(name=NAME)
