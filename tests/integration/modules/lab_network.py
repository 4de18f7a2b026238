"""A VPC with what a load balancer needs, made by plain boto3."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Network:
    vpc_id: str
    # One a zone, except that the last two share theirs.
    subnet_ids: list[str]
    group_ids: list[str]


def make_network(lab: t.Any) -> Network:
    ec2 = lab.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    zones = [f"{lab.region}{letter}" for letter in "abcc"]
    subnet_ids = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate(zones)
    ]
    group_ids = [
        ec2.create_security_group(VpcId=vpc_id, GroupName=name, Description=name)["GroupId"] for name in ("one", "two")
    ]
    return Network(vpc_id, subnet_ids, sorted(group_ids))
