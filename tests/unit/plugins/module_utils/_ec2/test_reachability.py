from __future__ import annotations

import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._ec2 import reachability
from hypothesis import given
from hypothesis import strategies as st

SERVICES = ["ecs", "ecs-agent", "s3"]
SUBNET = {"SubnetId": "subnet-1", "AvailabilityZone": "eu-central-1a", "MapPublicIpOnLaunch": False}


def table(name: str, *subnets: str, main: bool = False, **route: t.Any) -> dict[str, t.Any]:
    associations: list[dict[str, t.Any]] = [{"SubnetId": one} for one in subnets]
    routes = [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}]
    if route:
        routes.append({"DestinationCidrBlock": "0.0.0.0/0", "State": "active", **route})
    return {"RouteTableId": name, "Associations": associations + [{"Main": True}] * main, "Routes": routes}


def endpoint(service: str, *, tables: t.Sequence[str] | None = None, **members: t.Any) -> dict[str, t.Any]:
    described = {"ServiceName": f"com.amazonaws.eu-central-1.{service}", "State": "available"}
    if tables is not None:
        return {**described, "VpcEndpointType": "Gateway", "RouteTableIds": list(tables), **members}
    where = {"SubnetIds": ["subnet-9"], "PrivateDnsEnabled": True}
    return {**described, "VpcEndpointType": "Interface", **where, **members}


def network(*tables: t.Any, nats: t.Sequence[t.Any] = (), endpoints: t.Sequence[t.Any] = (), dns: bool = True) -> t.Any:
    return reachability.Network("eu-central-1", tables, nats, endpoints, dns)


def judge(net: t.Any, *, public: bool | None = False, subnet: t.Any = SUBNET) -> dict[str, t.Any]:
    return reachability.judge(net, subnet, SERVICES, public_address=public)


INTERNET = {"GatewayId": "igw-1"}
NAT = {"NatGatewayId": "nat-1", "SubnetId": "subnet-2", "State": "available", "ConnectivityType": "public"}


def test_an_internet_gateway_serves_public_addresses_only() -> None:
    net = network(table("rtb-1", main=True, **INTERNET))
    assert judge(net, public=True)["missing"] == []
    private = judge(net)
    assert private["missing"] == SERVICES
    assert "needs a public address" in private["reason"]


@pytest.mark.parametrize("gives", [True, False])
def test_without_a_word_the_subnet_decides_about_the_address(gives: bool) -> None:
    net = network(table("rtb-1", main=True, **INTERNET))
    verdict = judge(net, public=None, subnet={**SUBNET, "MapPublicIpOnLaunch": gives})
    assert (verdict["public_address"], verdict["missing"] == []) == (gives, gives)


def test_the_own_route_table_wins_over_the_main_one() -> None:
    net = network(table("rtb-main", main=True, **INTERNET), table("rtb-own", "subnet-1"))
    verdict = judge(net, public=True)
    assert (verdict["route_table_id"], verdict["missing"]) == ("rtb-own", SERVICES)
    assert "rtb-own has no default route" in verdict["reason"]


def test_an_association_that_failed_does_not_count() -> None:
    failed = table("rtb-own", "subnet-1", **INTERNET)
    failed["Associations"][0]["AssociationState"] = {"State": "failed"}
    assert judge(network(table("rtb-main", main=True), failed), public=True)["route_table_id"] == "rtb-main"


def test_a_nat_gateway_needs_a_way_out_itself() -> None:
    private = table("rtb-1", "subnet-1", NatGatewayId="nat-1")
    assert judge(network(private, table("rtb-2", "subnet-2", **INTERNET), nats=[NAT]))["way_out"] == "NAT gateway nat-1"
    stranded = judge(network(private, table("rtb-2", "subnet-2"), nats=[NAT]))
    assert stranded["missing"] == SERVICES
    assert "stands in subnet-2, and there: its route table rtb-2 has no default route" in stranded["reason"]


@pytest.mark.parametrize("nats", [[], [{**NAT, "State": "deleted"}], [{**NAT, "State": "failed"}]])
def test_a_nat_gateway_that_is_gone_is_no_way_out(nats: t.Any) -> None:
    tables = table("rtb-1", "subnet-1", NatGatewayId="nat-1"), table("rtb-2", "subnet-2", **INTERNET)
    assert judge(network(*tables, nats=nats))["way_out"] == ""


def test_a_private_nat_gateway_does_not_reach_the_internet() -> None:
    private = {**NAT, "ConnectivityType": "private"}
    tables = table("rtb-1", "subnet-1", NatGatewayId="nat-1"), table("rtb-2", "subnet-2", **INTERNET)
    assert judge(network(*tables, nats=[private]))["way_out"] == ""
    beyond = table("rtb-1", "subnet-1", NatGatewayId="nat-1"), table("rtb-2", "subnet-2", TransitGatewayId="tgw-1")
    assert judge(network(*beyond, nats=[private]))["way_out"] == "NAT gateway nat-1"


def test_nat_gateways_that_lead_to_each_other_lead_nowhere() -> None:
    looped = {**NAT, "SubnetId": "subnet-1"}
    assert "to the next" in judge(network(table("rtb-1", "subnet-1", NatGatewayId="nat-1"), nats=[looped]))["reason"]


def test_a_regional_nat_gateway_stands_in_no_subnet() -> None:
    regional = {"NatGatewayId": "nat-1", "State": "available", "ConnectivityType": "public"}
    assert judge(network(table("rtb-1", "subnet-1", NatGatewayId="nat-1"), nats=[regional]))["missing"] == []


@pytest.mark.parametrize(
    ("route", "reached"),
    [
        ({"TransitGatewayId": "tgw-1"}, True),
        ({"NetworkInterfaceId": "eni-1", "InstanceId": "i-1"}, True),
        ({"GatewayId": "vgw-1"}, True),
        ({"GatewayId": "vpce-1"}, True),
        ({"VpcPeeringConnectionId": "pcx-1"}, False),
        ({"TransitGatewayId": "tgw-1", "State": "blackhole"}, False),
        ({"GatewayId": "igw-1", "State": "blackhole"}, False),
    ],
)
def test_other_targets(route: dict[str, str], reached: bool) -> None:
    assert bool(judge(network(table("rtb-1", main=True, **route)))["way_out"]) is reached


def test_endpoints_of_all_services_make_up_for_a_way_out() -> None:
    private = table("rtb-1", main=True)
    every = [endpoint("ecs"), endpoint("ecs-agent"), endpoint("s3", tables=["rtb-1"])]
    assert judge(network(private, endpoints=every))["missing"] == []
    assert judge(network(private, endpoints=every[1:]))["missing"] == ["ecs"]
    assert judge(network(private, endpoints=every, dns=False))["missing"] == ["ecs", "ecs-agent"]


@pytest.mark.parametrize(
    "useless",
    [
        endpoint("s3", tables=["rtb-other"]),
        endpoint("s3", tables=["rtb-1"], State="deleting"),
        endpoint("s3", PrivateDnsEnabled=False),
        endpoint("s3", SubnetIds=[]),
        endpoint("not-s3"),
        {**endpoint("s3"), "ServiceName": "com.amazonaws.eu-west-1.s3"},
    ],
)
def test_an_endpoint_that_does_not_serve_the_subnet(useless: t.Any) -> None:
    assert "s3" in judge(network(table("rtb-1", main=True), endpoints=[useless]))["missing"]


def test_a_finding_names_subnet_reason_and_services() -> None:
    words = reachability.in_words(judge(network(table("rtb-1", main=True))))
    assert all(part in words for part in ("subnet-1", "eu-central-1a", "rtb-1", *SERVICES))


routes = st.sampled_from([{}, INTERNET, {"NatGatewayId": "nat-1"}, {"TransitGatewayId": "tgw-1"}])


@given(routes, routes, st.lists(st.sampled_from(SERVICES), unique=True), st.booleans(), st.booleans())
def test_more_never_reaches_less(own: t.Any, nat: t.Any, served: list[str], public: bool, dns: bool) -> None:
    """A public address, a further endpoint, or private DNS never takes a service away."""
    tables = table("rtb-1", "subnet-1", **own), table("rtb-2", "subnet-2", **nat)
    endpoints = [endpoint(name) for name in served]

    def missing(*, public: bool, dns: bool, count: int) -> set[str]:
        return set(judge(network(*tables, nats=[NAT], endpoints=endpoints[:count], dns=dns), public=public)["missing"])

    here = missing(public=public, dns=dns, count=len(served))
    assert missing(public=True, dns=True, count=len(served)) <= here
    assert here <= missing(public=public, dns=dns, count=0)


def test_no_route_table_at_all() -> None:
    assert judge(network())["missing"] == SERVICES
