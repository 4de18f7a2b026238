# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""EC2's networks, one function per API call.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import DENIED_CODES, AwsCallError, aws_call

Item = dict[str, t.Any]

_NO_ENDPOINT = ("InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound")


def _all(client: t.Any, operation: str, key: str, filters: t.Mapping[str, t.Sequence[str]]) -> list[Item]:
    listed = [{"Name": name, "Values": list(values)} for name, values in filters.items()]
    return [item for page in client.get_paginator(operation).paginate(Filters=listed) for item in page[key]]


def filters_of(given: t.Mapping[str, t.Any]) -> dict[str, list[str]]:
    """EC2's filters of a dictionary whose values are one or several."""
    return {
        name: [_text(one) for one in (value if isinstance(value, list) else [value])] for name, value in given.items()
    }


def _text(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@aws_call("read the subnets {subnet_ids}")
def read_subnets(client: t.Any, subnet_ids: list[str]) -> list[Item]:
    pages = client.get_paginator("describe_subnets").paginate(SubnetIds=subnet_ids)
    return [subnet for page in pages for subnet in page["Subnets"]]


@aws_call("list the route tables of {vpc_id}")
def list_route_tables(client: t.Any, vpc_id: str) -> list[Item]:
    return _all(client, "describe_route_tables", "RouteTables", {"vpc-id": [vpc_id]})


@aws_call("list the NAT gateways of {vpc_id}")
def list_nat_gateways(client: t.Any, vpc_id: str) -> list[Item]:
    return _all(client, "describe_nat_gateways", "NatGateways", {"vpc-id": [vpc_id]})


@aws_call("read whether {vpc_id} has {attribute}")
def vpc_attribute(client: t.Any, vpc_id: str, attribute: str) -> bool:
    """enableDnsSupport or enableDnsHostnames; the API takes one at a time."""
    answer = client.describe_vpc_attribute(VpcId=vpc_id, Attribute=attribute)
    return bool(answer[attribute[0].upper() + attribute[1:]]["Value"])


@aws_call("list the endpoints of {vpc_id}")
def list_endpoints(client: t.Any, vpc_id: str) -> list[Item]:
    return _all(client, "describe_vpc_endpoints", "VpcEndpoints", {"vpc-id": [vpc_id]})


@aws_call("create an endpoint of {ServiceName} in {VpcId}")
def create_endpoint(client: t.Any, request: Item) -> Item:
    return client.create_vpc_endpoint(**request)["VpcEndpoint"]


@aws_call("change the endpoint {VpcEndpointId}")
def modify_endpoint(client: t.Any, request: Item) -> None:
    client.modify_vpc_endpoint(**request)


@aws_call("delete the endpoint {endpoint_id}", missing=_NO_ENDPOINT)
def delete_endpoint(client: t.Any, endpoint_id: str) -> None:
    """AWS answers with HTTP 200 even when it did not delete the endpoint."""
    for failed in client.delete_vpc_endpoints(VpcEndpointIds=[endpoint_id]).get("Unsuccessful", []):
        error = failed.get("Error", {})
        if error.get("Code") not in _NO_ENDPOINT:
            message = f"Failed to delete the endpoint {endpoint_id}: {error.get('Code')}: {error.get('Message')}"
            raise AwsCallError(message=message)


@aws_call("let in what the rule of {group_id} says", missing=("InvalidPermission.Duplicate",))
def authorize_ingress(client: t.Any, group_id: str, permission: Item) -> None:
    client.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission])


@aws_call("let out what the rule of {group_id} says", missing=("InvalidPermission.Duplicate",))
def authorize_egress(client: t.Any, group_id: str, permission: Item) -> None:
    client.authorize_security_group_egress(GroupId=group_id, IpPermissions=[permission])


@aws_call("list the security groups of {vpc_id}")
def list_security_groups(client: t.Any, vpc_id: str) -> list[Item]:
    return _all(client, "describe_security_groups", "SecurityGroups", {"vpc-id": [vpc_id]})


@aws_call("look for the security groups {filters}")
def find_security_groups(client: t.Any, filters: t.Mapping[str, t.Sequence[str]]) -> list[Item]:
    return _all(client, "describe_security_groups", "SecurityGroups", filters)


@aws_call("look for the VPCs {filters}")
def find_vpcs(client: t.Any, filters: t.Mapping[str, t.Sequence[str]]) -> list[Item]:
    return _all(client, "describe_vpcs", "Vpcs", filters)


@aws_call("look for the subnets {filters}")
def find_subnets(client: t.Any, filters: t.Mapping[str, t.Sequence[str]]) -> list[Item]:
    return _all(client, "describe_subnets", "Subnets", filters)


@aws_call("create the security group {GroupName}")
def create_security_group(client: t.Any, request: Item) -> str:
    return str(client.create_security_group(**request)["GroupId"])


@aws_call("list the rules of all security groups")
def list_all_rules(client: t.Any) -> list[Item]:
    """Of the region, not of the VPC alone: a group of a peered VPC can name one of ours."""
    return _all(client, "describe_security_group_rules", "SecurityGroupRules", {})


@aws_call("list the network interfaces in the security groups {group_ids}")
def list_interfaces(client: t.Any, group_ids: list[str]) -> list[Item]:
    return _all(client, "describe_network_interfaces", "NetworkInterfaces", {"group-id": group_ids})


@aws_call("read the default versions of the launch templates", missing=DENIED_CODES)
def default_template_versions(client: t.Any) -> list[Item] | None:
    """None where the caller may not read them."""
    pages = client.get_paginator("describe_launch_template_versions").paginate(Versions=["$Default"])
    return [version for page in pages for version in page["LaunchTemplateVersions"]]


@aws_call("list the VPC links (version 2)", missing=DENIED_CODES)
def list_vpc_links(client: t.Any) -> list[Item] | None:
    """None where the caller may not read them. The client is API Gateway's, version 2."""
    links: list[Item] = []
    token: Item = {}
    while True:
        answer = client.get_vpc_links(**token)
        links += answer["Items"]
        if not answer.get("NextToken"):
            return links
        token = {"NextToken": answer["NextToken"]}


@aws_call("delete the security group {group_id}", missing=("InvalidGroup.NotFound",))
def delete_security_group(client: t.Any, group_id: str) -> None:
    client.delete_security_group(GroupId=group_id)
