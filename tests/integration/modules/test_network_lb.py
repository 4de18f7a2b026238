from __future__ import annotations

import typing as t

import pytest
from lab_network import Network, make_network

NAME = "central-llm-nlb"


@pytest.fixture
def network_lb(run_module: t.Any) -> t.Any:
    return run_module("network_lb")


@pytest.fixture
def elbv2(lab: t.Any) -> t.Any:
    return lab.client("elbv2")


@pytest.fixture
def network(lab: t.Any) -> Network:
    return make_network(lab)


@pytest.fixture
def options(network: Network) -> dict[str, t.Any]:
    return {
        "name": NAME,
        "subnet_ids": network.subnet_ids[:2],
        "security_group_ids": network.group_ids[:1],
        "cross_zone": True,
        "tags": {"central-llm:stack": "central-llm"},
    }


def read_back(elbv2: t.Any, name: str = NAME) -> dict[str, t.Any] | None:
    balancers = elbv2.describe_load_balancers()["LoadBalancers"]
    return next((balancer for balancer in balancers if balancer["LoadBalancerName"] == name), None)


def subnets_of(elbv2: t.Any) -> set[str]:
    return {zone["SubnetId"] for zone in read_back(elbv2)["AvailabilityZones"]}


def attribute(elbv2: t.Any, key: str) -> str:
    arn = read_back(elbv2)["LoadBalancerArn"]
    attributes = elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    return next(one["Value"] for one in attributes if one["Key"] == key)


def tags_of(elbv2: t.Any) -> dict[str, str]:
    arn = read_back(elbv2)["LoadBalancerArn"]
    return {tag["Key"]: tag["Value"] for tag in elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]}


def test_create_and_create_again(network_lb: t.Any, elbv2: t.Any, network: Network, options: dict[str, t.Any]) -> None:
    outcome = network_lb.predicted(**options)
    assert outcome.changed
    balancer = read_back(elbv2)
    assert balancer["Type"] == "network"
    assert balancer["Scheme"] == "internal"
    assert balancer["SecurityGroups"] == network.group_ids[:1]
    assert balancer["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "on"
    assert subnets_of(elbv2) == set(network.subnet_ids[:2])
    assert attribute(elbv2, "load_balancing.cross_zone.enabled") == "true"
    assert tags_of(elbv2) == {"central-llm:stack": "central-llm"}
    assert outcome["network_lb"]["state"] == "active"
    assert outcome["network_lb"]["dns_name"] == balancer["DNSName"]
    again = network_lb.settled(**options)
    assert again["network_lb"] == outcome["network_lb"]


def test_check_mode_creates_nothing(network_lb: t.Any, elbv2: t.Any, options: dict[str, t.Any]) -> None:
    assert network_lb.ok(check=True, **options).changed
    assert read_back(elbv2) is None


def test_enforcement_is_off_from_the_start(network_lb: t.Any, elbv2: t.Any, options: dict[str, t.Any]) -> None:
    network_lb.predicted(**options, enforce_privatelink_rules=False)
    assert read_back(elbv2)["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"
    network_lb.settled(**options)
    assert network_lb.predicted(name=NAME, enforce_privatelink_rules=True).changed
    assert read_back(elbv2)["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "on"


def test_an_interrupted_creation_is_finished(
    network_lb: t.Any, elbv2: t.Any, faults: t.Any, options: dict[str, t.Any]
) -> None:
    faults.add("elbv2", "SetSecurityGroups", "AccessDenied", status=403)
    message = network_lb.refused(**options, enforce_privatelink_rules=False)
    assert "elasticloadbalancing:SetSecurityGroups" in message
    assert network_lb.predicted(**options, enforce_privatelink_rules=False).changed
    assert read_back(elbv2)["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"
    assert attribute(elbv2, "load_balancing.cross_zone.enabled") == "true"
    network_lb.settled(**options, enforce_privatelink_rules=False)


def test_other_groups_keep_the_enforcement(
    network_lb: t.Any, elbv2: t.Any, network: Network, options: dict[str, t.Any]
) -> None:
    network_lb.ok(**options, enforce_privatelink_rules=False)
    outcome = network_lb.predicted(name=NAME, security_group_ids=network.group_ids)
    assert outcome["diff"]["before"]["security_group_ids"] == network.group_ids[:1]
    assert outcome["diff"]["after"]["security_group_ids"] == network.group_ids
    assert sorted(read_back(elbv2)["SecurityGroups"]) == network.group_ids
    assert read_back(elbv2)["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"
    # The order in which groups are given means nothing.
    network_lb.settled(name=NAME, security_group_ids=list(reversed(network.group_ids)))


def test_groups_come_at_creation_or_never(
    network_lb: t.Any, elbv2: t.Any, network: Network, faults: t.Any, options: dict[str, t.Any]
) -> None:
    network_lb.ok(**{**options, "security_group_ids": None})
    faults.forget_calls()
    message = network_lb.refused(name=NAME, security_group_ids=network.group_ids, cross_zone=False)
    assert "only at creation" in message
    # Both ways out are named.
    assert "Keep it: leave security_group_ids" in message and "Or replace it" in message
    assert not any(call.startswith(("Set", "Modify")) for call in faults.calls())
    assert not read_back(elbv2).get("SecurityGroups")
    assert "enforce_privatelink_rules" in network_lb.refused(name=NAME, enforce_privatelink_rules=False)


def test_attributes_change_one_by_one(
    network_lb: t.Any, elbv2: t.Any, lab: t.Any, options: dict[str, t.Any], faults: t.Any
) -> None:
    lab.client("s3").create_bucket(
        Bucket="logs-of-the-balancer", CreateBucketConfiguration={"LocationConstraint": lab.region}
    )
    network_lb.ok(**options)
    logs = {"enabled": True, "bucket": "logs-of-the-balancer"}
    outcome = network_lb.predicted(name=NAME, access_logs=logs)
    assert outcome["diff"]["before"]["access_logs"]["enabled"] is False
    assert outcome["network_lb"]["access_logs"] == {**logs, "prefix": ""}
    assert attribute(elbv2, "access_logs.s3.enabled") == "true"
    network_lb.predicted(name=NAME, access_logs={"prefix": "nlb"})
    assert attribute(elbv2, "access_logs.s3.bucket") == "logs-of-the-balancer"
    more = {
        "client_routing_policy": "partial_availability_zone_affinity",
        "zonal_shift": True,
        "secondary_ips_per_subnet": 2,
    }
    network_lb.predicted(name=NAME, **more)
    assert attribute(elbv2, "dns_record.client_routing_policy") == "partial_availability_zone_affinity"
    assert attribute(elbv2, "zonal_shift.config.enabled") == "true"
    assert attribute(elbv2, "load_balancing.cross_zone.enabled") == "true"
    network_lb.settled(**options, **more, access_logs={**logs, "prefix": "nlb"})
    faults.forget_calls()
    assert "takes none back" in network_lb.refused(name=NAME, secondary_ips_per_subnet=1)
    assert "0 to 7" in network_lb.refused(name=NAME, secondary_ips_per_subnet=8)
    assert "ModifyLoadBalancerAttributes" not in faults.calls()


def test_logs_need_a_bucket(network_lb: t.Any, elbv2: t.Any, options: dict[str, t.Any]) -> None:
    assert "name of a bucket" in network_lb.refused(**options, access_logs={"enabled": True})
    assert read_back(elbv2) is None


def test_the_last_group_stays(network_lb: t.Any, elbv2: t.Any, options: dict[str, t.Any]) -> None:
    network_lb.ok(**options)
    assert "never takes the last one away" in network_lb.refused(name=NAME, security_group_ids=[])
    assert len(read_back(elbv2)["SecurityGroups"]) == 1


def test_subnets_are_the_whole_list(
    network_lb: t.Any, elbv2: t.Any, network: Network, options: dict[str, t.Any]
) -> None:
    network_lb.ok(**options)
    assert network_lb.predicted(name=NAME, subnet_ids=network.subnet_ids[:3]).changed
    assert subnets_of(elbv2) == set(network.subnet_ids[:3])
    assert network_lb.predicted(name=NAME, subnet_ids=network.subnet_ids[1:3]).changed
    assert subnets_of(elbv2) == set(network.subnet_ids[1:3])
    network_lb.settled(name=NAME, subnet_ids=[network.subnet_ids[2], network.subnet_ids[1]])


def test_a_subnet_is_exchanged_within_its_zone(
    network_lb: t.Any, elbv2: t.Any, network: Network, faults: t.Any, options: dict[str, t.Any]
) -> None:
    first, _, third, fourth = network.subnet_ids
    network_lb.ok(**{**options, "subnet_ids": [first, third]})
    faults.forget_calls()
    assert network_lb.ok(name=NAME, subnet_ids=[first, fourth]).changed
    assert subnets_of(elbv2) == {first, fourth}
    assert faults.calls().count("SetSubnets") == 2


def test_the_scheme_cannot_change(network_lb: t.Any, elbv2: t.Any, options: dict[str, t.Any]) -> None:
    network_lb.ok(**options)
    assert "cannot change" in network_lb.refused(name=NAME, scheme="internet-facing", cross_zone=False)
    assert attribute(elbv2, "load_balancing.cross_zone.enabled") == "true"


def test_foreign_state_is_left_alone(network_lb: t.Any, elbv2: t.Any, network: Network) -> None:
    balancer = elbv2.create_load_balancer(
        Name=NAME,
        Type="network",
        Scheme="internal",
        Subnets=network.subnet_ids[:2],
        SecurityGroups=network.group_ids,
        Tags=[{"Key": "foreign", "Value": "yes"}],
    )["LoadBalancers"][0]
    elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Attributes=[{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}],
    )
    network_lb.settled(name=NAME)
    assert network_lb.predicted(name=NAME, tags={"ours": "1"}).changed
    assert tags_of(elbv2) == {"foreign": "yes", "ours": "1"}
    assert attribute(elbv2, "load_balancing.cross_zone.enabled") == "true"
    assert network_lb.predicted(name=NAME, tags={"ours": "1"}, purge_tags=True).changed
    assert tags_of(elbv2) == {"ours": "1"}


def test_a_balancer_of_another_type_is_not_ours(
    network_lb: t.Any, elbv2: t.Any, network: Network, options: dict[str, t.Any]
) -> None:
    elbv2.create_load_balancer(Name=NAME, Type="application", Scheme="internal", Subnets=network.subnet_ids[:2])
    assert "type application" in network_lb.refused(**options)
    assert "type application" in network_lb.refused(name=NAME, state="absent")
    assert read_back(elbv2)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"name": "internal-llm"}, "internal-"),
        ({"name": "a" * 33}, "32 letters"),
        ({"name": "under_score"}, "32 letters"),
        ({"subnet_ids": None}, "subnet_ids"),
        ({"subnet_ids": []}, "subnet_ids"),
        ({"subnet_ids": ["subnet-1", "subnet-1"]}, "more than once"),
        ({"security_group_ids": None, "enforce_privatelink_rules": True}, "enforce_privatelink_rules"),
    ],
)
def test_bad_input_writes_nothing(
    network_lb: t.Any, faults: t.Any, options: dict[str, t.Any], wrong: dict[str, t.Any], named: str
) -> None:
    faults.forget_calls()
    assert named in network_lb.refused(**{**options, **wrong})
    assert "CreateLoadBalancer" not in faults.calls()


def test_a_missing_subnet_is_named(network_lb: t.Any, elbv2: t.Any, options: dict[str, t.Any]) -> None:
    assert "subnet-0missing" in network_lb.refused(**{**options, "subnet_ids": ["subnet-0missing"]})
    assert read_back(elbv2) is None


def test_a_denial_names_the_missing_action(network_lb: t.Any, faults: t.Any, options: dict[str, t.Any]) -> None:
    faults.add("elbv2", "CreateLoadBalancer", "AccessDenied", status=403)
    message = network_lb.refused(**options)
    assert "elasticloadbalancing:CreateLoadBalancer" in message
    assert NAME in message


def test_throttling_is_ridden_out(network_lb: t.Any, elbv2: t.Any, faults: t.Any, options: dict[str, t.Any]) -> None:
    faults.add("elbv2", "CreateLoadBalancer", "Throttling", times=2)
    assert network_lb.ok(**options).changed
    assert read_back(elbv2)


def test_protection_must_be_lifted_to_delete(network_lb: t.Any, elbv2: t.Any, options: dict[str, t.Any]) -> None:
    network_lb.ok(**options, deletion_protection=True)
    assert attribute(elbv2, "deletion_protection.enabled") == "true"
    assert "protected against deletion" in network_lb.refused(name=NAME, state="absent")
    assert "protected against deletion" in network_lb.refused(check=True, name=NAME, state="absent")
    assert read_back(elbv2)
    assert network_lb.predicted(name=NAME, state="absent", deletion_protection=False).changed
    assert read_back(elbv2) is None


def test_delete_and_delete_again(network_lb: t.Any, elbv2: t.Any, options: dict[str, t.Any]) -> None:
    network_lb.ok(**options)
    assert network_lb.predicted(name=NAME, state="absent").changed
    assert read_back(elbv2) is None
    network_lb.settled(name=NAME, state="absent")
