"""What a balancer cannot have is refused before anything is touched."""

from __future__ import annotations

import typing as t

import pytest


@pytest.fixture
def balancer(role: t.Any) -> t.Any:
    return role("llm_balancer")


def test_settings_that_aws_would_refuse(balancer: t.Any, lab: t.Any) -> None:
    for setting in (
        {"llm_balancer_name": "internal-one"},
        {"llm_balancer_name": "a" * 33},
        {"llm_balancer_target_group": "under_score"},
        {"llm_balancer_port": 65536},
        {"llm_balancer_idle_timeout": 59},
        {"llm_balancer_deregistration_delay": 3601},
    ):
        message = balancer.refused("preflight", **setting)
        assert "AWS takes names of at most 32 letters" in message, setting
        assert str(next(iter(setting.values()))) in message and "Nothing was touched" in message
        assert "without a security group" not in message
    # Null and zero are settings, too.
    balancer.ok("preflight", llm_balancer_idle_timeout=None, llm_balancer_deregistration_delay=0)
    balancer.ok("preflight", llm_balancer_deregistration_delay=None)


def test_status_tells_the_foreign_targets_that_converging_saw(balancer: t.Any) -> None:
    foreign = [{"id": "i-0598c7d356eba48d7", "port": 8000, "reason": "the instance is running"}]
    assert balancer.ok("status", __llm_balancer_registration={"foreign": foreign}).out["foreign_targets"] == foreign
    assert balancer.ok("status").out["foreign_targets"] == []


def test_a_balancer_without_a_group_gets_none(balancer: t.Any, lab: t.Any) -> None:
    subnets = [subnet["SubnetId"] for subnet in lab.client("ec2").describe_subnets()["Subnets"]]
    made = lab.client("elbv2").create_load_balancer(
        Name="by-hand", Type="network", Scheme="internal", Subnets=subnets[:1]
    )
    assert not made["LoadBalancers"][0].get("SecurityGroups")
    message = balancer.refused(
        "preflight", llm_balancer_name="by-hand", llm_balancer_security_group_ids=["sg-0123456789abcdef0"]
    )
    assert "The balancer by-hand was made without a security group" in message and "Nothing was touched" in message
    balancer.ok("preflight", llm_balancer_name="by-hand", llm_balancer_security_group_ids=[])
    balancer.ok("preflight", llm_balancer_name="another", llm_balancer_security_group_ids=["sg-0123456789abcdef0"])
