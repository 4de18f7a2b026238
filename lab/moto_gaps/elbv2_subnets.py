"""Subnets of network load balancers: moto wants two zones of every balancer, and exchanges a subnet within its zone.

https://docs.aws.amazon.com/elasticloadbalancing/latest/network/availability-zones.html
"""

from __future__ import annotations

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, backend, replaces


def apply() -> None:
    replaces("elbv2", "SetSubnets")(set_subnets)


def set_subnets(call: Call, params: Params) -> Params | None:
    elb, ec2 = backend("elbv2", call.region), backend("ec2", call.region)
    balancer = elb.load_balancers.get(params["LoadBalancerArn"])
    if balancer is None:
        raise AwsError("LoadBalancerNotFound", f"Load balancer '{params['LoadBalancerArn']}' not found")
    if balancer.type != "network":
        return None
    asked = [*(params.get("Subnets") or []), *(one["SubnetId"] for one in params.get("SubnetMappings") or [])]
    known = {subnet.id: subnet for zone in ec2.subnets.values() for subnet in zone.values()}
    if not asked:
        raise AwsError("ValidationError", "You must specify either subnets or subnet mappings")
    missing = [subnet_id for subnet_id in asked if subnet_id not in known]
    if missing:
        raise AwsError("SubnetNotFound", f"The subnet ID '{missing[0]}' does not exist")
    subnets = [known[subnet_id] for subnet_id in asked]
    if len({subnet.availability_zone for subnet in subnets}) < len(subnets):
        raise AwsError(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )
    occupied = {subnet.availability_zone: subnet.id for subnet in balancer.subnets}
    for subnet in subnets:
        if occupied.get(subnet.availability_zone, subnet.id) != subnet.id:
            raise AwsError(
                "InvalidConfigurationRequest",
                "You cannot specify an additional subnet from an Availability Zone that is already associated with the "
                f"load balancer. The Availability Zone '{subnet.availability_zone}' corresponding to the new subnet "
                f"'{subnet.id}' is already associated with the load balancer.",
            )
    balancer.subnets = subnets
    zones = [{"ZoneName": subnet.availability_zone, "SubnetId": subnet.id} for subnet in subnets]
    return {"AvailabilityZones": zones, "IpAddressType": balancer.ip_address_type}
