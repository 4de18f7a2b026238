# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What EC2 bills for, found by filters: one function per API call.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call

Item = dict[str, t.Any]
Filters = t.Mapping[str, t.Sequence[str]]


def _all(client: t.Any, operation: str, key: str, filters: Filters) -> list[Item]:
    pages = client.get_paginator(operation).paginate(Filters=_listed(filters))
    return [item for page in pages for item in page[key]]


def _listed(filters: Filters) -> list[Item]:
    return [{"Name": name, "Values": list(values)} for name, values in filters.items()]


@aws_call("look for instances by {filters}")
def instances(client: t.Any, filters: Filters) -> list[Item]:
    found = _all(client, "describe_instances", "Reservations", filters)
    return [instance for reservation in found for instance in reservation["Instances"]]


@aws_call("look for volumes by {filters}")
def volumes(client: t.Any, filters: Filters) -> list[Item]:
    return _all(client, "describe_volumes", "Volumes", filters)


@aws_call("look for network interfaces by {filters}")
def network_interfaces(client: t.Any, filters: Filters) -> list[Item]:
    return _all(client, "describe_network_interfaces", "NetworkInterfaces", filters)


@aws_call("look for elastic addresses by {filters}")
def addresses(client: t.Any, filters: Filters) -> list[Item]:
    return client.describe_addresses(Filters=_listed(filters))["Addresses"]


@aws_call("look for fleets by {filters}")
def fleets(client: t.Any, filters: Filters) -> list[Item]:
    """Those that go on launching; an instant one is over once it has answered, and is not listed."""
    return _all(client, "describe_fleets", "Fleets", filters)


@aws_call("look for spot requests by {filters}")
def spot_requests(client: t.Any, filters: Filters) -> list[Item]:
    return _all(client, "describe_spot_instance_requests", "SpotInstanceRequests", filters)


@aws_call("look for NAT gateways by {filters}")
def nat_gateways(client: t.Any, filters: Filters) -> list[Item]:
    return _all(client, "describe_nat_gateways", "NatGateways", filters)


@aws_call("look for VPC endpoints by {filters}")
def vpc_endpoints(client: t.Any, filters: Filters) -> list[Item]:
    return _all(client, "describe_vpc_endpoints", "VpcEndpoints", filters)
