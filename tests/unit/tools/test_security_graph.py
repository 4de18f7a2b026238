"""The tool that proves who reaches the hosts has to see every hole that could be there."""

from __future__ import annotations

import copy
import importlib.util
import typing as t
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

_spec = importlib.util.spec_from_file_location("security_graph", Path(__file__).parents[2] / "tools/security_graph.py")
assert _spec and _spec.loader
graph = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(graph)

LINK, BALANCER, HOSTS, OTHER = "sg-link", "sg-balancer", "sg-hosts", "sg-other"
OPEN = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def tcp(low: int, high: int | None = None, **members: t.Any) -> dict[str, t.Any]:
    return {"IpProtocol": "tcp", "FromPort": low, "ToPort": low if high is None else high, **members}


def group(*ids: str) -> dict[str, t.Any]:
    return {"UserIdGroupPairs": [{"GroupId": one} for one in ids]}


def way() -> dict[str, t.Any]:
    """What the role makes, in a VPC with a group that has nothing to do with it."""
    return {
        LINK: {"IpPermissions": [], "IpPermissionsEgress": [tcp(8000, **group(BALANCER))]},
        BALANCER: {
            "IpPermissions": [tcp(8000, **group(LINK))],
            "IpPermissionsEgress": [tcp(8000, **group(HOSTS))],
        },
        HOSTS: {"IpPermissions": [tcp(8000, **group(BALANCER))], "IpPermissionsEgress": [OPEN]},
        OTHER: {"IpPermissions": [{"IpProtocol": "-1", **group(OTHER)}], "IpPermissionsEgress": [OPEN]},
    }


def findings(groups: t.Any) -> list[str]:
    return graph.findings(groups, hosts=HOSTS, link=LINK, port=8000)


def planted(group_id: str, permission: t.Any) -> list[str]:
    groups = copy.deepcopy(way())
    groups[group_id]["IpPermissions"].append(permission)
    return findings(groups)


def test_the_way_itself_has_no_hole() -> None:
    assert findings(way()) == []


HOLES = [
    (HOSTS, tcp(8000, IpRanges=[{"CidrIp": "10.0.0.0/8"}]), "10.0.0.0/8"),
    (HOSTS, tcp(8000, Ipv6Ranges=[{"CidrIpv6": "::/0"}]), "::/0"),
    (HOSTS, tcp(8000, PrefixListIds=[{"PrefixListId": "pl-1"}]), "pl-1"),
    (HOSTS, tcp(0, 65535, IpRanges=[{"CidrIp": "10.0.0.0/8"}]), "10.0.0.0/8"),
    (HOSTS, {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}, "10.0.0.0/8"),
    (HOSTS, {"IpProtocol": "-1", **group(OTHER)}, OTHER),
    (HOSTS, {"IpProtocol": "-1", **group(HOSTS)}, HOSTS),
    (HOSTS, {"IpProtocol": "6", "FromPort": 8000, "ToPort": 8000, **group(OTHER)}, OTHER),
    (HOSTS, tcp(8000, **group(LINK)), "without the balancer"),
    (HOSTS, tcp(8000, **group("sg-of-another-vpc")), "sg-of-another-vpc"),
    (BALANCER, tcp(8000, IpRanges=[{"CidrIp": "10.0.0.0/8"}]), "10.0.0.0/8"),
    (BALANCER, tcp(1, 9000, **group(OTHER)), OTHER),
    (LINK, tcp(8000, IpRanges=[{"CidrIp": "0.0.0.0/0"}]), "0.0.0.0/0"),
    (LINK, {"IpProtocol": "-1", **group(OTHER)}, OTHER),
    (HOSTS, tcp(22, IpRanges=[{"CidrIp": "192.0.2.1/32"}]), "port 22"),
    (HOSTS, tcp(20, 30, **group(OTHER)), "port 22"),
    (HOSTS, tcp(22, PrefixListIds=[{"PrefixListId": "pl-1"}]), "port 22"),
]


@pytest.mark.parametrize(("group_id", "permission", "named"), HOLES)
def test_every_planted_hole_is_found(group_id: str, permission: t.Any, named: str) -> None:
    assert any(named in finding for finding in planted(group_id, permission))


@pytest.mark.parametrize(
    ("group_id", "permission"),
    [
        (HOSTS, {"IpProtocol": "udp", "FromPort": 8000, "ToPort": 8000, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}),
        (HOSTS, {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}),
        (HOSTS, tcp(443, IpRanges=[{"CidrIp": "10.0.0.0/8"}])),
        (OTHER, tcp(8000, IpRanges=[{"CidrIp": "0.0.0.0/0"}])),
    ],
)
def test_what_is_no_hole_is_no_finding(group_id: str, permission: t.Any) -> None:
    assert planted(group_id, permission) == []


@pytest.mark.parametrize("missing", [BALANCER, HOSTS])
def test_a_way_that_does_not_lead_there_is_found(missing: str) -> None:
    groups = way()
    groups[missing]["IpPermissions"] = []
    assert f"{LINK} does not reach port 8000 of {HOSTS}" in findings(groups)


def test_a_source_that_sends_nothing_on_is_where_it_ends() -> None:
    groups = way()
    groups[OTHER] = {"IpPermissions": [tcp(8000, IpRanges=[{"CidrIp": "0.0.0.0/0"}])], "IpPermissionsEgress": []}
    groups[HOSTS]["IpPermissions"].append(tcp(8000, **group(OTHER)))
    assert graph.reaching(groups, HOSTS, 8000) == {BALANCER, LINK, OTHER}


def test_groups_that_let_each_other_in_end_too() -> None:
    groups = way()
    groups[OTHER]["IpPermissions"] = [tcp(8000, **group("sg-more"))]
    groups["sg-more"] = {"IpPermissions": [tcp(8000, **group(OTHER))], "IpPermissionsEgress": [OPEN]}
    groups[HOSTS]["IpPermissions"].append(tcp(8000, **group(OTHER)))
    assert any("sg-more" in finding for finding in findings(groups))


@given(
    st.sampled_from([LINK, BALANCER, HOSTS]),
    st.sampled_from(["-1", "tcp", "6"]),
    st.integers(0, 8000),
    st.integers(8000, 65535),
    st.sampled_from(
        [group(OTHER), {"IpRanges": [{"CidrIp": "198.51.100.0/24"}]}, {"PrefixListIds": [{"PrefixListId": "pl-2"}]}]
    ),
)
def test_no_hole_on_the_way_escapes(group_id: str, protocol: str, low: int, high: int, source: t.Any) -> None:
    ports = {} if protocol == "-1" else {"FromPort": low, "ToPort": high}
    assert planted(group_id, {"IpProtocol": protocol, **ports, **source})
