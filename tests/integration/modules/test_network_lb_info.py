from __future__ import annotations

import typing as t

import pytest
from lab_network import Network, make_network

NAME = "central-llm-nlb"


@pytest.fixture
def network_lb_info(run_module: t.Any) -> t.Any:
    return run_module("network_lb_info")


@pytest.fixture
def elbv2(lab: t.Any) -> t.Any:
    return lab.client("elbv2")


@pytest.fixture
def network(lab: t.Any) -> Network:
    return make_network(lab)


def make(elbv2: t.Any, network: Network, name: str, kind: str = "network") -> dict[str, t.Any]:
    return elbv2.create_load_balancer(
        Name=name, Type=kind, Scheme="internal", Subnets=network.subnet_ids[:2], SecurityGroups=network.group_ids[:1]
    )["LoadBalancers"][0]


def test_an_empty_account(network_lb_info: t.Any) -> None:
    for asked in ({}, {"name": NAME}, {"names": [NAME, "other"]}):
        outcome = network_lb_info.ok(**asked)
        assert not outcome.changed
        assert outcome["network_lbs"] == []


def test_it_shows_what_the_writing_module_returns(
    network_lb_info: t.Any, run_module: t.Any, network: Network, elbv2: t.Any
) -> None:
    written = run_module("network_lb").ok(
        name=NAME,
        subnet_ids=network.subnet_ids[:2],
        security_group_ids=network.group_ids[:1],
        cross_zone=True,
        tags={"central-llm:stack": "central-llm"},
    )["network_lb"]
    outcome = network_lb_info.ok(name=NAME)
    assert outcome["network_lbs"] == [written]
    read = elbv2.describe_load_balancers(Names=[NAME])["LoadBalancers"][0]
    assert outcome["network_lbs"][0]["arn"] == read["LoadBalancerArn"]
    assert outcome["network_lbs"][0]["dns_name"] == read["DNSName"]
    assert network_lb_info.ok(check=True, name=NAME)["network_lbs"] == outcome["network_lbs"]


def test_names_narrow_and_what_is_missing_is_left_out(network_lb_info: t.Any, elbv2: t.Any, network: Network) -> None:
    for name in ("third", "first", "second"):
        make(elbv2, network, name)
    asked = network_lb_info.ok(names=["third", "missing", "first", "third"])
    assert [one["name"] for one in asked["network_lbs"]] == ["first", "third"]
    assert [one["name"] for one in network_lb_info.ok()["network_lbs"]] == ["first", "second", "third"]


def test_balancers_of_another_type_are_left_out(network_lb_info: t.Any, elbv2: t.Any, network: Network) -> None:
    make(elbv2, network, "network")
    make(elbv2, network, "application", kind="application")
    assert [one["name"] for one in network_lb_info.ok()["network_lbs"]] == ["network"]
    assert network_lb_info.ok(name="application")["network_lbs"] == []


def test_all_pages_are_read(network_lb_info: t.Any, elbv2: t.Any, network: Network, faults: t.Any) -> None:
    # moto answers 50 balancers a page.
    for number in range(51):
        make(elbv2, network, f"balancer-{number:02}")
    faults.forget_calls()
    assert len(network_lb_info.ok()["network_lbs"]) == 51
    assert faults.calls().count("DescribeLoadBalancers") == 2


def test_it_writes_nothing(network_lb_info: t.Any, elbv2: t.Any, network: Network, faults: t.Any) -> None:
    make(elbv2, network, NAME)
    faults.forget_calls()
    network_lb_info.ok(name=NAME)
    assert {call for call in faults.calls() if not call.startswith("Describe")} == set()


def test_a_denial_names_the_missing_action(network_lb_info: t.Any, faults: t.Any) -> None:
    for asked in ({}, {"name": NAME}):
        faults.add("elbv2", "DescribeLoadBalancers", "AccessDenied", status=403)
        assert "elasticloadbalancing:DescribeLoadBalancers" in network_lb_info.refused(**asked)
