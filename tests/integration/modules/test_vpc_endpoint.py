from __future__ import annotations

import json
import typing as t

import pytest
from lab_network import Network, make_network

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}],
}


@pytest.fixture
def endpoint(run_module: t.Any) -> t.Any:
    return run_module("vpc_endpoint")


@pytest.fixture
def ec2(lab: t.Any) -> t.Any:
    return lab.client("ec2")


@pytest.fixture
def network(lab: t.Any, ec2: t.Any) -> Network:
    made = make_network(lab)
    ec2.modify_vpc_attribute(VpcId=made.vpc_id, EnableDnsHostnames={"Value": True})
    return made


def interface(network: Network, **options: t.Any) -> dict[str, t.Any]:
    return {
        "vpc_id": network.vpc_id,
        "service": "ecs-agent",
        "type": "interface",
        "subnet_ids": network.subnet_ids[:1],
        "security_group_ids": network.group_ids[:1],
        "private_dns": True,
        **options,
    }


def gateway(network: Network, tables: list[str], **options: t.Any) -> dict[str, t.Any]:
    return {"vpc_id": network.vpc_id, "service": "s3", "type": "gateway", "route_table_ids": tables, **options}


def read_back(ec2: t.Any, network: Network) -> list[dict[str, t.Any]]:
    return ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [network.vpc_id]}])["VpcEndpoints"]


def tables(ec2: t.Any, network: Network, count: int) -> list[str]:
    return [ec2.create_route_table(VpcId=network.vpc_id)["RouteTable"]["RouteTableId"] for _ in range(count)]


def routed(ec2: t.Any, table: str, endpoint_id: str) -> bool:
    routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    return any(route.get("GatewayId") == endpoint_id for route in routes)


def test_create_an_interface_endpoint_and_again(endpoint: t.Any, ec2: t.Any, network: Network) -> None:
    asked = interface(network, tags={"central-llm:stack": "central-llm"})
    outcome = endpoint.predicted(**asked)
    [made] = read_back(ec2, network)
    assert made["ServiceName"] == f"com.amazonaws.{ec2.meta.region_name}.ecs-agent"
    assert (made["PrivateDnsEnabled"], made["SubnetIds"]) == (True, network.subnet_ids[:1])
    assert [group["GroupId"] for group in made["Groups"]] == network.group_ids[:1]
    assert made["Tags"] == [{"Key": "central-llm:stack", "Value": "central-llm"}]
    assert endpoint.settled(**asked)["vpc_endpoint"] == outcome["vpc_endpoint"]


def test_create_a_gateway_endpoint_and_again(endpoint: t.Any, ec2: t.Any, network: Network) -> None:
    one, two = tables(ec2, network, 2)
    made = endpoint.predicted(**gateway(network, [one]))["vpc_endpoint"]["endpoint_id"]
    assert routed(ec2, one, made) and not routed(ec2, two, made)
    endpoint.settled(**gateway(network, [one]))
    endpoint.predicted(**gateway(network, [two]))
    assert routed(ec2, two, made) and not routed(ec2, one, made)


def test_check_mode_creates_nothing(endpoint: t.Any, ec2: t.Any, network: Network) -> None:
    assert endpoint.ok(check=True, **interface(network)).changed
    assert read_back(ec2, network) == []


@pytest.mark.parametrize("option", ["subnet_ids", "security_group_ids", "private_dns", "policy"])
def test_one_option_changes_and_the_others_stay(endpoint: t.Any, ec2: t.Any, network: Network, option: str) -> None:
    before = endpoint.ok(**interface(network, policy=POLICY, tags={"owner": "us"}))["vpc_endpoint"]
    value = {
        "subnet_ids": sorted(network.subnet_ids[1:3]),
        "security_group_ids": network.group_ids[1:],
        "private_dns": False,
        "policy": {},
    }[option]
    only = {"vpc_id": network.vpc_id, "service": "ecs-agent", "type": "interface", option: value}
    after = endpoint.predicted(**only)["vpc_endpoint"]
    assert after == {**before, option: value}
    endpoint.settled(**only)
    [made] = read_back(ec2, network)
    assert sorted(made["SubnetIds"]) == after["subnet_ids"]
    assert sorted(group["GroupId"] for group in made["Groups"]) == after["security_group_ids"]
    assert made["PrivateDnsEnabled"] == after["private_dns"]
    assert (json.loads(made["PolicyDocument"]) == POLICY) == (after["policy"] == POLICY)


def test_a_policy_is_given_in_any_words(endpoint: t.Any, ec2: t.Any, network: Network) -> None:
    [statement] = POLICY["Statement"]
    endpoint.ok(**interface(network, policy=POLICY))
    worded = {**statement, "Principal": {"AWS": "*"}, "Action": ["s3:GetObject"], "Resource": ["*"]}
    endpoint.settled(**interface(network, policy={**POLICY, "Statement": worded}))
    assert json.loads(read_back(ec2, network)[0]["PolicyDocument"]) == POLICY
    # All to everybody is what AWS's own policy allows.
    everything = {**POLICY, "Statement": [{**statement, "Action": "*"}]}
    assert endpoint.predicted(**interface(network, policy=everything))["vpc_endpoint"]["policy"] == {}
    endpoint.settled(**interface(network, policy=everything))


def test_foreign_tags_stay_unless_purged(endpoint: t.Any, ec2: t.Any, network: Network) -> None:
    endpoint.ok(**interface(network, tags={"foreign": "yes"}))
    endpoint.predicted(**interface(network, tags={"ours": "1"}))
    assert {tag["Key"] for tag in read_back(ec2, network)[0]["Tags"]} == {"foreign", "ours"}
    endpoint.predicted(**interface(network, tags={"ours": "1"}, purge_tags=True))
    assert {tag["Key"] for tag in read_back(ec2, network)[0]["Tags"]} == {"ours"}


def test_endpoints_of_other_services_types_and_vpcs_are_others(endpoint: t.Any, ec2: t.Any, network: Network) -> None:
    other = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    ec2.create_vpc_endpoint(VpcId=other, ServiceName=f"com.amazonaws.{ec2.meta.region_name}.s3")
    assert endpoint.predicted(**gateway(network, tables(ec2, network, 1))).changed
    assert endpoint.predicted(**interface(network, service="s3")).changed
    assert endpoint.predicted(**interface(network)).changed
    assert len(read_back(ec2, network)) == 3


def test_several_matches_are_named_and_an_id_decides(endpoint: t.Any, ec2: t.Any, network: Network) -> None:
    service = f"com.amazonaws.{ec2.meta.region_name}.ecs-agent"
    ids = [
        ec2.create_vpc_endpoint(
            VpcId=network.vpc_id, ServiceName=service, VpcEndpointType="Interface", PrivateDnsEnabled=False
        )["VpcEndpoint"]["VpcEndpointId"]
        for _ in range(2)
    ]
    message = endpoint.refused(**interface(network))
    assert all(one in message for one in ids) and "endpoint_id" in message
    assert endpoint.predicted(**interface(network, endpoint_id=ids[1])).changed
    dns = {one["VpcEndpointId"]: one["PrivateDnsEnabled"] for one in read_back(ec2, network)}
    assert dns == {ids[0]: False, ids[1]: True}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"type": "gateway"}, "subnet_ids is for interface endpoints"),
        ({"subnet_ids": []}, "subnet_ids is empty"),
        ({"endpoint_id": "vpce-0123456789abcdef0"}, "is no interface endpoint of"),
        ({"service": "bogus"}, "InvalidServiceName"),
    ],
)
def test_bad_input_makes_nothing(
    endpoint: t.Any, ec2: t.Any, network: Network, options: dict[str, t.Any], message: str
) -> None:
    assert message in endpoint.refused(**interface(network, **options))
    assert read_back(ec2, network) == []


def test_what_aws_refuses_is_told(endpoint: t.Any, ec2: t.Any, network: Network) -> None:
    assert "DuplicateSubnetsInSameZone" in endpoint.refused(**interface(network, subnet_ids=network.subnet_ids[2:]))
    ec2.modify_vpc_attribute(VpcId=network.vpc_id, EnableDnsHostnames={"Value": False})
    assert "enableDnsHostnames" in endpoint.refused(**interface(network))
    assert read_back(ec2, network) == []


def test_a_denial_names_the_missing_action(endpoint: t.Any, network: Network, faults: t.Any) -> None:
    faults.add("ec2", "CreateVpcEndpoint", "UnauthorizedOperation", status=403)
    assert "ec2:CreateVpcEndpoint" in endpoint.refused(**interface(network))


def test_throttling_is_ridden_out_and_makes_one_endpoint(
    endpoint: t.Any, ec2: t.Any, network: Network, faults: t.Any
) -> None:
    faults.add("ec2", "CreateVpcEndpoint", "RequestLimitExceeded", status=503, times=2)
    assert endpoint.ok(**interface(network, private_dns=False)).changed
    assert len(read_back(ec2, network)) == 1


def test_delete_and_delete_again(endpoint: t.Any, ec2: t.Any, network: Network) -> None:
    [table] = tables(ec2, network, 1)
    endpoint.ok(**gateway(network, [table]))
    endpoint.ok(**interface(network))
    gone = {"vpc_id": network.vpc_id, "service": "ecs-agent", "type": "interface", "state": "absent"}
    assert endpoint.predicted(**gone).changed
    assert [one["VpcEndpointType"] for one in read_back(ec2, network)] == ["Gateway"]
    endpoint.settled(**gone)
    # Its interfaces let go of subnet and group.
    ec2.delete_subnet(SubnetId=network.subnet_ids[0])
    ec2.delete_security_group(GroupId=network.group_ids[0])
