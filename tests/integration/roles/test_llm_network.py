"""Networks that others made, and one of the stack's own."""

from __future__ import annotations

import typing as t

import pytest

WAY = {"llm_network_required_services": []}
OFFICE, HOME = "192.0.2.0/24", "2001:db8::/32"
# What an address of the stack is tagged with.
ADDRESS = {"ResourceType": "elastic-ip", "Tags": [{"Key": "central-llm:stack", "Value": "central-llm"}]}


@pytest.fixture
def network(role: t.Any) -> t.Any:
    return role("llm_network")


@pytest.fixture
def ec2(lab: t.Any) -> t.Any:
    return lab.client("ec2")


@pytest.fixture
def groups(ec2: t.Any) -> dict[str, str]:
    """What a stack has that was made by hand, before and after its path through the HTTP API was given up."""
    [vpc] = ec2.describe_vpcs()["Vpcs"]
    names = ("central-llm-link-sg", "central-llm-nlb-sg", "central-llm-service-sg", "http-api-link-sg", "http-alb-sg")
    made = {
        name: ec2.create_security_group(VpcId=vpc["VpcId"], GroupName=name, Description="by hand")["GroupId"]
        for name in names
    }
    hosts = made["central-llm-service-sg"]
    for permission in (
        tcp(22, IpRanges=[{"CidrIp": "0.0.0.0/0"}]),
        tcp(22, IpRanges=[{"CidrIp": OFFICE}]),
        tcp(20, 30, Ipv6Ranges=[{"CidrIpv6": "::/0"}]),
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": made["http-api-link-sg"]}]},
        tcp(443, IpRanges=[{"CidrIp": "10.0.0.0/8"}]),
    ):
        ec2.authorize_security_group_ingress(GroupId=hosts, IpPermissions=[permission])
    let = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
    ec2.authorize_security_group_ingress(
        GroupId=made["http-alb-sg"],
        IpPermissions=[{**let, "UserIdGroupPairs": [{"GroupId": made["http-api-link-sg"]}]}],
    )
    return made


def tcp(low: int, high: int | None = None, **peers: t.Any) -> dict[str, t.Any]:
    return {"IpProtocol": "tcp", "FromPort": low, "ToPort": low if high is None else high, **peers}


def inbound(ec2: t.Any, group_id: str) -> set[tuple[str, int, int, str]]:
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])[
        "SecurityGroupRules"
    ]
    return {
        (
            rule["IpProtocol"],
            rule["FromPort"],
            rule["ToPort"],
            (rule.get("ReferencedGroupInfo") or {}).get("GroupId") or rule.get("CidrIpv4") or rule.get("CidrIpv6"),
        )
        for rule in rules
        if not rule["IsEgress"]
    }


def names(ec2: t.Any) -> set[str]:
    return {group["GroupName"] for group in ec2.describe_security_groups()["SecurityGroups"]}


def test_who_reaches_port_22_of_an_adopted_group(network: t.Any, ec2: t.Any, groups: dict[str, str]) -> None:
    hosts, balancer = groups["central-llm-service-sg"], groups["central-llm-nlb-sg"]
    before, way = inbound(ec2, hosts), ("tcp", 8000, 8000, balancer)
    web = ("tcp", 443, 443, "10.0.0.0/8")

    network.ok(**WAY)
    assert inbound(ec2, hosts) == before | {way}
    out = network.ok("status", **WAY).out
    assert len(out["extra_rules"]) >= len(before)
    assert f"{hosts} lets in tcp 22 from 0.0.0.0/0" in [rule["words"] for rule in out["extra_rules"]]

    given = {"llm_network_ssh_cidrs": [OFFICE, HOME], **WAY}
    foretold = network.ok(check=True, **given)
    assert inbound(ec2, hosts) == before | {way}
    run = network.ok(**given)
    assert run.changed == foretold.changed == 1
    assert inbound(ec2, hosts) == {way, web, ("tcp", 22, 22, OFFICE), ("tcp", 22, 22, HOME)}
    # Said before it was done.
    assert run.output.index("lets in tcp 20-30 from ::/0") < run.output.index("Make the groups")

    network.ok(llm_network_ssh_cidrs=[], **WAY)
    assert inbound(ec2, hosts) == {way, web}
    assert network.ok("verify", llm_network_ssh_cidrs=[], **WAY).changed == 0


def test_leftovers_are_listed_and_go_on_request(network: t.Any, ec2: t.Any, groups: dict[str, str]) -> None:
    hosts, balancer = groups["central-llm-service-sg"], groups["central-llm-nlb-sg"]
    before = inbound(ec2, hosts)
    legacy = {"llm_network_legacy_groups": ["http-api-link-sg", groups["http-alb-sg"]], **WAY}

    # A rule of the hosts' group names one of them, and stays unless somebody asks.
    message = network.refused(**legacy)
    assert "No security group was deleted" in message and f"{hosts} lets in everything" in message
    assert inbound(ec2, hosts) == before

    asked = {**legacy, "llm_network_purge_rules": True}
    foretold = network.ok(check=True, **asked)
    assert "http-alb-sg" in names(ec2) and inbound(ec2, hosts) == before
    run = network.ok(**asked)
    assert run.changed == foretold.changed
    assert inbound(ec2, hosts) == {("tcp", 8000, 8000, balancer)}
    assert not {"http-api-link-sg", "http-alb-sg"} & names(ec2)
    for listed in ("http-api-link-sg", "lets in tcp 443 from 10.0.0.0/8"):
        assert run.output.index(listed) < run.output.index("Make the groups")
    assert network.ok(**asked).changed == 0


def test_a_group_in_use_stops_the_run_before_anything(network: t.Any, ec2: t.Any, groups: dict[str, str]) -> None:
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    interface = ec2.create_network_interface(SubnetId=subnet, Groups=[groups["http-alb-sg"]])["NetworkInterface"]
    message = network.refused(llm_network_legacy_groups=["http-alb-sg"], llm_network_purge_rules=True, **WAY)
    assert interface["NetworkInterfaceId"] in message
    assert "http-alb-sg" in names(ec2)


def test_what_cannot_be_meant_is_refused_first(network: t.Any, ec2: t.Any) -> None:
    message = network.refused("preflight", llm_network_ssh_cidrs=["0.0.0.0/0", OFFICE, "::/0", "192.0.2.1/0"], **WAY)
    assert "llm_network_ssh_cidrs has 0.0.0.0/0, ::/0, 192.0.2.1/0, which is the whole internet" in message
    own = network.refused("preflight", llm_network_legacy_groups=["central-llm-nlb-sg"], **WAY)
    assert "which the stack itself uses" in own
    both = network.refused("preflight", llm_network_create_vpc=True, llm_network_vpc_id="vpc-0123456789abcdef0")
    assert "Set one or the other" in both
    assert names(ec2) == {"default"}


def test_nobody_chooses_between_vpcs(network: t.Any, ec2: t.Any) -> None:
    ids = [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]]
    ids.append(ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])
    for entry_point in ("preflight", "main", "status", "absent"):
        message = network.refused(entry_point, llm_network_vpc_filters={"state": "available"}, **WAY)
        assert "More than one VPC in" in message and all(vpc in message for vpc in ids), entry_point
        assert "Set llm_network_vpc_id to the one to use." in message
    assert names(ec2) == {"default"}


def test_subnets_from_which_no_host_could_serve_are_refused(network: t.Any, ec2: t.Any) -> None:
    message = network.refused()
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
    assert all(subnet in message for subnet in subnets)
    assert "needs a public address" in message and "llm_network_assign_public_ip" in message
    assert names(ec2) == {"default"}


def count(ec2: t.Any) -> dict[str, int]:
    """How much there is of what a VPC is made of."""
    going = [{"Name": "state", "Values": ["pending", "available"]}]
    return {
        "vpcs": len(ec2.describe_vpcs()["Vpcs"]),
        "subnets": len(ec2.describe_subnets()["Subnets"]),
        "tables": len(ec2.describe_route_tables()["RouteTables"]),
        "gateways": len(ec2.describe_internet_gateways()["InternetGateways"]),
        "NAT gateways": len(ec2.describe_nat_gateways(Filters=going)["NatGateways"]),
        "addresses": len(ec2.describe_addresses()["Addresses"]),
        "endpoints": len(ec2.describe_vpc_endpoints()["VpcEndpoints"]),
        "interfaces": len(ec2.describe_network_interfaces()["NetworkInterfaces"]),
        "groups": len(ec2.describe_security_groups()["SecurityGroups"]),
    }


def test_a_vpc_with_a_nat_gateway_comes_and_goes(network: t.Any, ec2: t.Any) -> None:
    before = count(ec2)
    asked = {"llm_network_create_vpc": True, "llm_network_egress": "nat"}
    foretold = network.ok(check=True, **asked)
    assert count(ec2) == before
    run = network.ok(**asked)
    assert run.changed == foretold.changed
    made = count(ec2)
    assert {name: made[name] - before[name] for name in made} == {
        "vpcs": 1,
        "subnets": 3,
        # AWS makes a main one as well.
        "tables": 3,
        "gateways": 1,
        "NAT gateways": 1,
        "addresses": 1,
        "endpoints": 1,
        "interfaces": 1,
        "groups": 4,
    }
    assert network.ok(**asked).changed == 0
    assert len(run.out["subnet_ids"]) == 2

    # Whatever the settings are by then, what the stack made goes, and nothing else. So does an address of a run that
    # ended before its NAT gateway was there.
    ec2.allocate_address(Domain="vpc", TagSpecifications=[ADDRESS])
    network.ok("absent")
    assert count(ec2) == before
    assert network.ok("absent").changed == 0


def test_an_address_that_nothing_has_goes_also_where_the_vpc_has_gone(network: t.Any, ec2: t.Any) -> None:
    ours, theirs = ADDRESS, {**ADDRESS, "Tags": [{"Key": "central-llm:stack", "Value": "central-llm-two"}]}
    # Of a run that ended before its NAT gateway was there; another stack's; and one that is in use.
    idle, others, used = (
        ec2.allocate_address(Domain="vpc", TagSpecifications=[tags])["AllocationId"] for tags in (ours, theirs, ours)
    )
    subnet = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"][0]["SubnetId"]
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    ec2.associate_address(AllocationId=used, NetworkInterfaceId=interface)
    foretold = network.ok("absent", check=True)
    assert idle in [each["AllocationId"] for each in ec2.describe_addresses()["Addresses"]]
    run = network.ok("absent")
    assert {each["AllocationId"] for each in ec2.describe_addresses()["Addresses"]} == {others, used}
    assert run.changed == foretold.changed == 1
    assert network.ok("absent").changed == 0
