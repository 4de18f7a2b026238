from __future__ import annotations

import typing as t

import pytest
from lab_network import Network, make_network

SSH = "203.0.113.0/24"


@pytest.fixture
def rules(run_module: t.Any) -> t.Any:
    return run_module("security_group_rules")


@pytest.fixture
def network(lab: t.Any) -> Network:
    return make_network(lab)


@pytest.fixture
def ec2(lab: t.Any) -> t.Any:
    return lab.client("ec2")


def opened(ec2: t.Any, group_id: str, *, egress: bool = False) -> set[tuple[str, int, int, str]]:
    answer = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])
    return {
        (
            rule["IpProtocol"],
            rule["FromPort"],
            rule["ToPort"],
            (rule.get("ReferencedGroupInfo") or {}).get("GroupId") or rule.get("CidrIpv4") or rule.get("CidrIpv6"),
        )
        for rule in answer["SecurityGroupRules"]
        if rule["IsEgress"] == egress
    }


def let_in(ec2: t.Any, group_id: str, protocol: str, low: int, high: int, cidr: str = SSH) -> None:
    ports = {} if protocol == "-1" else {"FromPort": low, "ToPort": high}
    kind = {"Ipv6Ranges": [{"CidrIpv6": cidr}]} if ":" in cidr else {"IpRanges": [{"CidrIp": cidr}]}
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[{"IpProtocol": protocol, **ports, **kind}])


def way(network: Network, **first: t.Any) -> dict[str, t.Any]:
    """Port 8000 from the second group into the first."""
    one, two = network.group_ids
    return {
        "groups": [
            {"group_id": one, "ingress": [{"from_port": 8000, "peer": two, "description": "the balancer"}], **first},
            {"group_id": two, "egress": [{"from_port": 8000, "peer": one}], "purge_egress": True},
        ]
    }


def test_create_and_create_again(rules: t.Any, ec2: t.Any, network: Network) -> None:
    one, two = network.group_ids
    assert rules.predicted(**way(network)).changed
    assert opened(ec2, one) == {("tcp", 8000, 8000, two)}
    assert opened(ec2, two, egress=True) == {("tcp", 8000, 8000, one)}
    rules.settled(**way(network))


def test_check_mode_writes_nothing_and_names_what_it_would(rules: t.Any, ec2: t.Any, network: Network) -> None:
    one, two = network.group_ids
    outcome = rules.ok(check=True, **way(network))
    assert outcome.changed
    assert [rule["words"] for rule in outcome["added"]] == [
        f"{one} lets in tcp 8000 from {two}",
        f"{two} lets out tcp 8000 to {one}",
    ]
    assert [rule["words"] for rule in outcome["removed"]] == [f"{two} lets out everything to 0.0.0.0/0"]
    assert opened(ec2, one) == set()


def test_foreign_rules_stay_and_are_told(rules: t.Any, ec2: t.Any, network: Network) -> None:
    one, two = network.group_ids
    let_in(ec2, one, "tcp", 22, 22)
    outcome = rules.predicted(**way(network))
    assert opened(ec2, one) == {("tcp", 8000, 8000, two), ("tcp", 22, 22, SSH)}
    assert f"{one} lets in tcp 22 from {SSH}" in [rule["words"] for rule in outcome["extra"]]


def test_one_port_is_closed_in_every_form_and_no_other(rules: t.Any, ec2: t.Any, network: Network) -> None:
    one, two = network.group_ids
    for protocol, low, high, cidr in (
        ("tcp", 22, 22, SSH),
        ("tcp", 22, 22, "2001:db8::/32"),
        ("tcp", 20, 30, SSH),
        ("tcp", 0, 65535, "10.0.0.0/8"),
        ("-1", 0, 0, SSH),
        ("udp", 22, 22, SSH),
        ("tcp", 443, 443, SSH),
    ):
        let_in(ec2, one, protocol, low, high, cidr)
    outcome = rules.predicted(**way(network, purge_ports=[22]))
    assert len(outcome["removed"]) == 5 + 1
    assert opened(ec2, one) == {("tcp", 8000, 8000, two), ("udp", 22, 22, SSH), ("tcp", 443, 443, SSH)}
    rules.settled(**way(network, purge_ports=[22]))


def test_given_peers_are_exact_on_the_port(rules: t.Any, ec2: t.Any, network: Network) -> None:
    one, _two = network.group_ids
    let_in(ec2, one, "tcp", 22, 22, "192.0.2.0/24")
    let_in(ec2, one, "tcp", 22, 22)
    wanted = [{"from_port": 22, "peer": "192.0.2.77/24"}, {"from_port": 22, "peer": "2001:db8::/32"}]
    asked = {"groups": [{"group_id": one, "ingress": wanted, "purge_ports": [22]}]}
    assert rules.predicted(**asked).changed
    assert opened(ec2, one) == {("tcp", 22, 22, "192.0.2.0/24"), ("tcp", 22, 22, "2001:db8::/32")}
    rules.settled(**asked)


def test_all_others_go_on_request(rules: t.Any, ec2: t.Any, network: Network) -> None:
    one, two = network.group_ids
    let_in(ec2, one, "tcp", 443, 443)
    let_in(ec2, one, "udp", 53, 53)
    assert rules.predicted(**way(network, purge_ingress=True)).changed
    assert opened(ec2, one) == {("tcp", 8000, 8000, two)}
    # What goes out was not spoken of.
    assert opened(ec2, one, egress=True) == {("-1", -1, -1, "0.0.0.0/0")}


def test_rules_are_added_before_others_go(rules: t.Any, network: Network, faults: t.Any) -> None:
    faults.forget_calls()
    rules.ok(**way(network))
    written = [call for call in faults.calls() if not call.startswith("Describe")]
    assert written == [
        "AuthorizeSecurityGroupIngress",
        "AuthorizeSecurityGroupEgress",
        "RevokeSecurityGroupEgress",
    ]


def test_a_rule_that_came_between_reading_and_writing_is_no_failure(
    rules: t.Any, network: Network, faults: t.Any
) -> None:
    faults.add("ec2", "AuthorizeSecurityGroupIngress", "InvalidPermission.Duplicate")
    assert not rules(**way(network)).failed
    assert rules.ok(**way(network)).changed
    rules.settled(**way(network))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"from_port": 22, "peer": "everybody"}, "peer is 'everybody'"),
        ({"peer": "10.0.0.0/8"}, "from_port and to_port"),
        ({"from_port": 22, "to_port": 21, "peer": "10.0.0.0/8"}, "22 to 21"),
        ({"from_port": 22, "protocol": "icmp", "peer": "10.0.0.0/8"}, "protocol is 'icmp'"),
        ({"from_port": 22, "peer": "10.0.0.0/8", "description": "R&D"}, "AWS takes up to 255"),
    ],
)
def test_bad_input_stops_before_the_first_write(
    rules: t.Any, ec2: t.Any, network: Network, rule: t.Any, message: str
) -> None:
    asked = way(network)
    asked["groups"].append({"group_id": network.group_ids[0], "ingress": [rule]})
    assert message in rules.refused(**asked)
    assert opened(ec2, network.group_ids[0]) == set()


def test_a_denial_names_the_missing_action(rules: t.Any, network: Network, faults: t.Any) -> None:
    faults.add("ec2", "AuthorizeSecurityGroupIngress", "UnauthorizedOperation", status=403)
    assert "ec2:AuthorizeSecurityGroupIngress" in rules.refused(**way(network))
    assert rules.ok(**way(network)).changed


def test_throttling_is_ridden_out(rules: t.Any, ec2: t.Any, network: Network, faults: t.Any) -> None:
    faults.add("ec2", "AuthorizeSecurityGroupIngress", "RequestLimitExceeded", status=503, times=2)
    assert rules.ok(**way(network)).changed
    assert opened(ec2, network.group_ids[0])


def test_no_groups_no_rules(rules: t.Any, lab: t.Any) -> None:
    rules.settled(groups=[])
