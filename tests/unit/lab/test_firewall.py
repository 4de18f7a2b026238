from __future__ import annotations

import typing as t

import pytest

from lab.firewall import allows


def group(
    group_id: str, ingress: list[dict[str, t.Any]] | None = None, egress: list[dict[str, t.Any]] | None = None
) -> dict[str, t.Any]:
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    permissions = everything if egress is None else egress
    return {"GroupId": group_id, "IpPermissions": ingress or [], "IpPermissionsEgress": permissions}


def rule(low: int, high: int, *, cidr: str = "", peer: str = "", protocol: str = "tcp") -> dict[str, t.Any]:
    return {
        "IpProtocol": protocol,
        "FromPort": low,
        "ToPort": high,
        "IpRanges": [{"CidrIp": cidr}] if cidr else [],
        "UserIdGroupPairs": [{"GroupId": peer}] if peer else [],
    }


@pytest.mark.parametrize(
    ("ingress", "allowed"),
    [
        ([], False),
        ([rule(8000, 8000, peer="sg-link")], True),
        ([rule(8000, 8000, peer="sg-other")], False),
        ([rule(8001, 8001, peer="sg-link")], False),
        ([rule(1, 65535, cidr="10.0.0.0/16")], True),
        ([rule(8000, 8000, cidr="10.1.0.0/16")], False),
        ([rule(8000, 8000, cidr="10.0.0.4/32", protocol="udp")], False),
        ([{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-link"}]}], True),
    ],
)
def test_inbound_rules(ingress: list[dict[str, t.Any]], allowed: bool) -> None:
    verdict = allows([group("sg-link")], "10.0.0.4", [group("sg-nlb", ingress)], 8000)
    assert verdict.allowed is allowed
    if not allowed:
        assert "no inbound rule of sg-nlb" in verdict.reason
        assert "8000" in verdict.reason


@pytest.mark.parametrize(
    ("egress", "allowed"),
    [
        ([], False),
        ([rule(8000, 8000, peer="sg-nlb")], True),
        ([rule(8000, 8000, cidr="10.0.1.0/24")], True),
        ([rule(8000, 8000, cidr="10.0.2.0/24")], False),
    ],
)
def test_outbound_rules(egress: list[dict[str, t.Any]], allowed: bool) -> None:
    destination = [group("sg-nlb", [rule(8000, 8000, peer="sg-link")])]
    source = [group("sg-link", egress=egress)]
    verdict = allows(source, "10.0.0.4", destination, 8000, destination_ip="10.0.1.4")
    assert verdict.allowed is allowed
    if not allowed:
        assert "no outbound rule of sg-link" in verdict.reason


def test_one_of_several_groups_is_enough() -> None:
    destination = [group("sg-a"), group("sg-b", [rule(8000, 8000, peer="sg-2")])]
    assert allows([group("sg-1"), group("sg-2")], "10.0.0.4", destination, 8000).allowed


def test_an_end_without_groups_filters_nothing() -> None:
    assert allows([], None, [], 8000).allowed
    assert allows([group("sg-link")], "10.0.0.4", [], 8000).allowed


def test_an_address_nobody_can_name_matches_rules_for_all_addresses_only() -> None:
    assert not allows([], None, [group("sg-nlb", [rule(8000, 8000, cidr="10.0.0.0/8")])], 8000).allowed
    assert not allows([], None, [group("sg-nlb", [rule(8000, 8000, peer="sg-link")])], 8000).allowed
    assert allows([], None, [group("sg-nlb", [rule(8000, 8000, cidr="0.0.0.0/0")])], 8000).allowed
