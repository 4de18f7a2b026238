"""What stands in a VPC keeps it: moto deletes a VPC or subnet under the feet of what is in it.

https://docs.aws.amazon.com/vpc/latest/userguide/delete-vpc.html
"""

from __future__ import annotations

import typing as t

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, backend, guards


def apply() -> None:
    guards("ec2", "DeleteVpc")(check_vpc)
    guards("ec2", "DeleteSubnet")(check_subnet)
    guards("ec2", "DetachInternetGateway")(check_addresses)


def check_vpc(call: Call, params: Params) -> None:
    ec2, vpc_id = backend("ec2", call.region), params["VpcId"]
    groups = [group for group in ec2.groups.get(vpc_id, {}).values() if group.name != "default"]
    gateways = [one for one in ec2.internet_gateways.values() if one.vpc and one.vpc.id == vpc_id]
    endpoints = [one for one in ec2.vpc_end_points.values() if one.vpc_id == vpc_id]
    if groups or gateways or endpoints:
        raise AwsError("DependencyViolation", f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")


def check_subnet(call: Call, params: Params) -> None:
    subnet_id = params["SubnetId"]
    ec2 = backend("ec2", call.region)
    if any(_lives(interface) and interface.subnet.id == subnet_id for interface in ec2.enis.values()):
        raise AwsError("DependencyViolation", f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")


def check_addresses(call: Call, params: Params) -> None:
    """A gateway stays as long as something behind it has a public address."""
    ec2, vpc_id = backend("ec2", call.region), params["VpcId"]
    standing = [one for one in ec2.nat_gateways.values() if one.vpc_id == vpc_id and one.state != "deleted"]
    hosts = [
        instance
        for reservation in ec2.reservations.values()
        for instance in reservation.instances
        if instance.vpc_id == vpc_id and instance.state != "terminated" and instance.public_ip
    ]
    if standing or hosts:
        raise AwsError(
            "DependencyViolation",
            f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before "
            "detaching the gateway.",
        )


def _lives(interface: t.Any) -> bool:
    return interface.instance is None or interface.instance.state != "terminated"
