from __future__ import annotations

import typing as t

import pytest
from lab_network import Network, make_network

SERVICES = ["ecs", "ecs-agent", "ecs-telemetry", "ecr.api", "ecr.dkr", "s3", "logs"]


@pytest.fixture
def reach(run_module: t.Any) -> t.Any:
    return run_module("vpc_reachability_info")


@pytest.fixture
def ec2(lab: t.Any) -> t.Any:
    return lab.client("ec2")


@pytest.fixture
def network(lab: t.Any) -> Network:
    return make_network(lab)


def main_table(ec2: t.Any, vpc_id: str) -> str:
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "association.main", "Values": ["true"]}]
    return ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]


def internet_gateway(ec2: t.Any, vpc_id: str) -> str:
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc_id)
    return gateway


def test_a_bare_vpc_reaches_nothing(reach: t.Any, network: Network) -> None:
    outcome = reach.ok(subnet_ids=network.subnet_ids[:2])
    assert not outcome.changed and not outcome["reachable"]
    assert [subnet["missing"] for subnet in outcome["subnets"]] == [SERVICES, SERVICES]
    for subnet, finding in zip(network.subnet_ids[:2], outcome["findings"], strict=True):
        assert subnet in finding and "no default route" in finding and "ecs-agent" in finding


def test_the_default_vpc_serves_hosts_with_a_public_address(reach: t.Any, ec2: t.Any) -> None:
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
    assert reach.ok(subnet_ids=subnets, public_address=True)["reachable"]
    # Its subnets give one out by themselves.
    assert reach.ok(subnet_ids=subnets)["reachable"]
    private = reach.ok(subnet_ids=subnets, public_address=False)
    assert not private["reachable"] and "public address" in private["findings"][0]


def test_a_nat_gateway_serves_the_subnets_that_are_routed_to_it(reach: t.Any, ec2: t.Any, network: Network) -> None:
    public, private, forgotten = network.subnet_ids[:3]
    table = ec2.create_route_table(VpcId=network.vpc_id)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=public)
    gateway = internet_gateway(ec2, network.vpc_id)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=public, AllocationId=address)["NatGateway"]["NatGatewayId"]
    routed = ec2.create_route_table(VpcId=network.vpc_id)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=routed, SubnetId=private)
    ec2.create_route(RouteTableId=routed, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)

    outcome = reach.ok(subnet_ids=[private, forgotten], public_address=False)
    assert [subnet["way_out"] for subnet in outcome["subnets"]] == [f"NAT gateway {nat}", ""]
    assert len(outcome["findings"]) == 1 and forgotten in outcome["findings"][0]
    assert reach.ok(subnet_ids=[private], public_address=False)["reachable"]


def test_endpoints_make_up_for_a_way_out(reach: t.Any, ec2: t.Any, network: Network) -> None:
    ec2.modify_vpc_attribute(VpcId=network.vpc_id, EnableDnsHostnames={"Value": True})
    prefix = f"com.amazonaws.{ec2.meta.region_name}"
    ec2.create_vpc_endpoint(
        VpcId=network.vpc_id, ServiceName=f"{prefix}.s3", RouteTableIds=[main_table(ec2, network.vpc_id)]
    )
    for service in SERVICES:
        if service != "s3":
            ec2.create_vpc_endpoint(
                VpcId=network.vpc_id,
                ServiceName=f"{prefix}.{service}",
                VpcEndpointType="Interface",
                SubnetIds=network.subnet_ids[:1],
                PrivateDnsEnabled=True,
            )
    assert reach.ok(subnet_ids=network.subnet_ids)["reachable"]
    assert reach.ok(subnet_ids=network.subnet_ids, services=["ssm"])["subnets"][0]["missing"] == ["ssm"]


def test_subnets_of_two_vpcs_are_refused(reach: t.Any, ec2: t.Any, network: Network) -> None:
    other = next(subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"] if subnet["DefaultForAz"])
    assert "several VPCs" in reach.refused(subnet_ids=[network.subnet_ids[0], other])
    assert "at least one" in reach.refused(subnet_ids=[])


def test_a_subnet_that_is_not_there(reach: t.Any, lab: t.Any) -> None:
    assert "InvalidSubnetID.NotFound" in reach.refused(subnet_ids=["subnet-0123456789abcdef0"])


def test_it_only_reads(reach: t.Any, network: Network, faults: t.Any) -> None:
    faults.forget_calls()
    reach.ok(subnet_ids=network.subnet_ids)
    assert all(call.startswith("Describe") for call in faults.calls())


def test_a_denial_names_the_missing_action(reach: t.Any, network: Network, faults: t.Any) -> None:
    faults.add("ec2", "DescribeRouteTables", "UnauthorizedOperation", status=403)
    assert "ec2:DescribeRouteTables" in reach.refused(subnet_ids=network.subnet_ids)


def test_throttling_is_ridden_out(reach: t.Any, network: Network, faults: t.Any) -> None:
    faults.add("ec2", "DescribeRouteTables", "RequestLimitExceeded", status=503, times=2)
    assert not reach.ok(subnet_ids=network.subnet_ids)["reachable"]
