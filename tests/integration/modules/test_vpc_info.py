from __future__ import annotations

import typing as t

import pytest


@pytest.fixture
def ec2(lab: t.Any) -> t.Any:
    return lab.client("ec2")


def test_the_vpcs_that_match(run_module: t.Any, ec2: t.Any) -> None:
    made = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[made], Tags=[{"Key": "owner", "Value": "us"}])
    look = run_module("vpc_info")
    expected = {"vpc_id": made, "cidr_block": "10.9.0.0/16", "is_default": False, "state": "available"}
    assert look.ok(filters={"tag:owner": "us"})["vpcs"] == [{**expected, "tags": {"owner": "us"}}]
    (default,) = look.ok(filters={"isDefault": True})["vpcs"]
    assert default["is_default"] and default["vpc_id"] != made
    assert {vpc["vpc_id"] for vpc in look.ok()["vpcs"]} == {made, default["vpc_id"]}
    assert look.ok(filters={"vpc-id": ["vpc-0123456789abcdef0"]})["vpcs"] == []


def test_the_subnets_that_match(run_module: t.Any, ec2: t.Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ranges = {"10.9.0.0/24": "b", "10.9.2.0/24": "a", "10.9.1.0/24": "a"}
    made = {
        cidr: ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"eu-central-1{zone}")["Subnet"]["SubnetId"]
        for cidr, zone in ranges.items()
    }
    look = run_module("subnet_info")
    found = look.ok(filters={"vpc-id": vpc})["subnets"]
    assert {subnet["cidr_block"]: subnet["subnet_id"] for subnet in found} == made
    assert [subnet["cidr_block"] for subnet in found] == ["10.9.1.0/24", "10.9.2.0/24", "10.9.0.0/24"]
    assert [subnet["availability_zone"][-1] for subnet in found] == ["a", "a", "b"]
    assert {subnet["vpc_id"] for subnet in found} == {vpc}


@pytest.mark.parametrize(
    ("module", "operation"),
    [
        ("vpc_info", "DescribeVpcs"),
        ("subnet_info", "DescribeSubnets"),
        ("security_group_info", "DescribeSecurityGroups"),
    ],
)
def test_a_denial_names_the_action_and_throttling_is_ridden_out(
    run_module: t.Any, faults: t.Any, module: str, operation: str
) -> None:
    look = run_module(module)
    faults.add("ec2", operation, "UnauthorizedOperation", status=403, message="You are not authorized")
    assert f"ec2:{operation}" in look.refused()
    faults.add("ec2", operation, "RequestLimitExceeded", status=503, times=2)
    assert not look.ok().changed


def test_a_filter_that_aws_does_not_know(run_module: t.Any) -> None:
    assert "moon-phase" in run_module("vpc_info").refused(filters={"moon-phase": "full"})
