"""Endpoints of a VPC: moto checks next to nothing, gives their interfaces no groups, and keeps the deleted ones.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
"""

from __future__ import annotations

import typing as t

from lab.control import current
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, backend, forward, guards, replaces

_GATEWAYS = ("s3", "dynamodb")

# (region, client token) -> id
_tokens: dict[tuple[str, str], str] = {}


@current.on_reset
def clear() -> None:
    _tokens.clear()


def apply() -> None:
    guards("ec2", "CreateVpcEndpoint")(check_request)
    replaces("ec2", "CreateVpcEndpoint")(create)
    replaces("ec2", "ModifyVpcEndpoint")(modify)
    replaces("ec2", "DeleteVpcEndpoints")(delete)


def check_request(call: Call, params: Params) -> None:
    ec2 = backend("ec2", call.region)
    service, kind = params["ServiceName"], params.get("VpcEndpointType") or "Gateway"
    offered = set(forward(call, "DescribeVpcEndpointServices", {})["ServiceNames"])
    short = service.rpartition(f"{call.region}.")[2]
    if service not in offered or (kind == "Gateway" and short not in _GATEWAYS):
        raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{service}' does not exist")
    if params["VpcId"] not in ec2.vpcs:
        raise AwsError("InvalidVpcID.NotFound", f"The vpc ID '{params['VpcId']}' does not exist")
    if kind == "Gateway" and (params.get("SubnetIds") or params.get("SecurityGroupIds")):
        raise AwsError("InvalidParameter", "Subnets and security groups are not supported for Gateway endpoints.")
    if kind == "Interface" and params.get("RouteTableIds"):
        raise AwsError("InvalidParameter", "Route table IDs are not supported for Interface endpoints.")
    check_zones(ec2, params.get("SubnetIds") or [])
    check_groups(ec2, params.get("SecurityGroupIds") or [])
    known = (call.region, params.get("ClientToken") or "") in _tokens
    if kind == "Interface" and params.get("PrivateDnsEnabled", True) and not known:
        check_private_dns(ec2, params["VpcId"], service)


def check_zones(ec2: t.Any, subnet_ids: list[str]) -> None:
    known = {name: subnet for by_zone in ec2.subnets.values() for name, subnet in by_zone.items()}
    zones: set[str] = set()
    for subnet_id in subnet_ids:
        if subnet_id not in known:
            raise AwsError("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")
        zone = known[subnet_id].availability_zone
        if zone in zones:
            raise AwsError(
                "DuplicateSubnetsInSameZone",
                f"Found another VPC endpoint subnet in the availability zone of {subnet_id}.",
            )
        zones.add(zone)


def check_groups(ec2: t.Any, group_ids: list[str]) -> None:
    for group_id in group_ids:
        if ec2.get_security_group_from_id(group_id) is None:
            raise AwsError("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")


def check_private_dns(ec2: t.Any, vpc_id: str, service: str) -> None:
    vpc = ec2.get_vpc(vpc_id)
    if not (_true(vpc.enable_dns_support) and _true(vpc.enable_dns_hostnames)):
        raise AwsError(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for "
            f"{vpc_id}",
        )
    taken = any(
        other.vpc_id == vpc_id and other.service_name == service and other.private_dns_enabled
        for other in ec2.vpc_end_points.values()
    )
    if taken:
        raise AwsError(
            "InvalidParameter",
            f"private-dns-enabled cannot be set because there is already a conflicting DNS domain for {service} "
            f"in the VPC {vpc_id}",
        )


def create(call: Call, params: Params) -> Params:
    ec2 = backend("ec2", call.region)
    token = params.get("ClientToken")
    if token and (call.region, token) in _tokens:
        return _described(call, _tokens[call.region, token])
    kind = params.get("VpcEndpointType") or "Gateway"
    asked = {**params, "VpcEndpointType": kind, "PrivateDnsEnabled": False}
    made = ec2.vpc_end_points[forward(call, "CreateVpcEndpoint", asked)["VpcEndpoint"]["VpcEndpointId"]]
    if kind == "Interface":
        made.private_dns_enabled = params.get("PrivateDnsEnabled", True)
        if not made.security_group_ids:
            made.security_group_ids = [ec2.get_security_group_from_name("default", vpc_id=made.vpc_id).id]
        _follow(ec2, made)
    if token:
        _tokens[call.region, token] = made.id
    return _described(call, made.id)


def modify(call: Call, params: Params) -> Params:
    ec2 = backend("ec2", call.region)
    endpoint = _find(ec2, params["VpcEndpointId"])
    subnets = _changed(params, endpoint.subnet_ids or [], "SubnetIds")
    groups = _changed(params, endpoint.security_group_ids, "SecurityGroupIds")
    tables = _changed(params, endpoint.route_table_ids, "RouteTableIds")
    for table in tables:
        if table not in ec2.route_tables:
            raise AwsError("InvalidRouteTableID.NotFound", f"The routeTable ID '{table}' does not exist")
    check_zones(ec2, subnets)
    check_groups(ec2, groups)
    if params.get("PrivateDnsEnabled") and not endpoint.private_dns_enabled:
        check_private_dns(ec2, endpoint.vpc_id, endpoint.service_name)

    prefix_list = endpoint.destination_prefix_list_id
    for table in set(tables) - set(endpoint.route_table_ids):
        ec2.create_route(table, None, gateway_id=endpoint.id, destination_prefix_list_id=prefix_list)
    for table in set(endpoint.route_table_ids) - set(tables):
        ec2.delete_route(table, prefix_list)
    endpoint.subnet_ids, endpoint.security_group_ids, endpoint.route_table_ids = subnets, groups, tables
    if "PrivateDnsEnabled" in params:
        endpoint.private_dns_enabled = params["PrivateDnsEnabled"]
    if params.get("ResetPolicy"):
        endpoint.policy_document = type(endpoint)(ec2, "", "", "", "", None, []).policy_document
    elif params.get("PolicyDocument"):
        endpoint.policy_document = params["PolicyDocument"]
    if endpoint.vpc_endpoint_type == "Interface":
        _follow(ec2, endpoint)
    return {"Return": True}


def delete(call: Call, params: Params) -> Params:
    """AWS says with HTTP 200 which it did not delete."""
    ec2 = backend("ec2", call.region)
    failed = [
        {
            "ResourceId": endpoint_id,
            "Error": {
                "Code": "InvalidVpcEndpoint.NotFound",
                "Message": f"The Vpc Endpoint Id '{endpoint_id}' does not exist",
            },
        }
        for endpoint_id in params["VpcEndpointIds"]
        if endpoint_id not in ec2.vpc_end_points
    ]
    known = [endpoint_id for endpoint_id in params["VpcEndpointIds"] if endpoint_id in ec2.vpc_end_points]
    ec2.delete_vpc_endpoints(vpce_ids=known)
    for endpoint_id in known:
        del ec2.vpc_end_points[endpoint_id]
    return {"Unsuccessful": failed}


def _find(ec2: t.Any, endpoint_id: str) -> t.Any:
    if endpoint_id not in ec2.vpc_end_points:
        raise AwsError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{endpoint_id}' does not exist")
    return ec2.vpc_end_points[endpoint_id]


def _changed(params: Params, present: list[str], member: str) -> list[str]:
    added, removed = params.get(f"Add{member}") or [], params.get(f"Remove{member}") or []
    return [one for one in dict.fromkeys([*present, *added]) if one not in removed]


def _follow(ec2: t.Any, endpoint: t.Any) -> None:
    """One interface in each of the subnets, with the endpoint's groups."""
    interfaces = {ec2.enis[one].subnet.id: one for one in endpoint.network_interface_ids}
    for subnet_id in set(interfaces) - set(endpoint.subnet_ids):
        ec2.enis.pop(interfaces.pop(subnet_id))
    for subnet_id in set(endpoint.subnet_ids) - set(interfaces):
        interfaces[subnet_id] = ec2.create_network_interface(subnet_id, []).id
    for interface_id in interfaces.values():
        interface = ec2.enis[interface_id]
        interface._group_set = [ec2.get_security_group_from_id(one) for one in endpoint.security_group_ids]
        interface.description = f"VPC Endpoint Interface {endpoint.id}"
        interface.interface_type, interface.requester_managed, interface.status = "vpc_endpoint", True, "in-use"
    endpoint.network_interface_ids = list(interfaces.values())


def _described(call: Call, endpoint_id: str) -> Params:
    [endpoint] = forward(call, "DescribeVpcEndpoints", {"VpcEndpointIds": [endpoint_id]})["VpcEndpoints"]
    return {"VpcEndpoint": endpoint}


def _true(value: t.Any) -> bool:
    return str(value).lower() == "true"
