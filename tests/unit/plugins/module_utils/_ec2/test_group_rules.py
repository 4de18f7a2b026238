from __future__ import annotations

import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._ec2 import rules
from hypothesis import given
from hypothesis import strategies as st

GROUP = "sg-0123456789abcdef0"
PEERS = ["sg-0123456789abcdef1", "sg-0123456789abcdef2", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "pl-01234567"]


def rule(
    low: int, high: int | None = None, *, peer: str = PEERS[0], protocol: str = "tcp", egress: bool = False
) -> t.Any:
    ports = {} if protocol == "-1" else {"from_port": low, "to_port": high}
    return rules.wanted(GROUP, {"protocol": protocol, "peer": peer, **ports}, egress=egress)


@st.composite
def drawn(draw: st.DrawFn) -> rules.Rule:
    low = draw(st.integers(0, 65535))
    made = rule(
        low,
        draw(st.integers(low, 65535)),
        peer=draw(st.sampled_from(PEERS)),
        protocol=draw(st.sampled_from(["tcp", "udp", "-1"])),
        egress=draw(st.booleans()),
    )
    return {**made, "id": draw(st.uuids()).hex}


def unique(found: list[rules.Rule]) -> list[rules.Rule]:
    return list({rules.meaning(one): one for one in found}.values())


@given(
    st.lists(drawn(), max_size=6).map(unique), st.lists(drawn(), max_size=4), st.booleans(), st.booleans(), st.data()
)
def test_every_rule_is_wanted_goes_or_stays(
    current: list[rules.Rule], desired: list[rules.Rule], ingress: bool, egress: bool, data: st.DataObject
) -> None:
    ports = data.draw(st.lists(st.sampled_from([22, 8000]), unique=True))
    options: t.Any = {"purge_ingress": ingress, "purge_egress": egress, "purge_ports": ports}
    plan = rules.plan(current, desired, **options)
    meant = {rules.meaning(one) for one in desired}
    after = [one for one in current if one not in plan.remove] + plan.add
    assert meant <= {rules.meaning(one) for one in after}
    assert not meant & {rules.meaning(one) for one in plan.remove + plan.extra}
    assert {rules.meaning(one) for one in plan.extra} == {rules.meaning(one) for one in after} - meant
    for one in plan.extra:
        assert not (egress if one["egress"] else ingress or any(rules.opens(one, port) for port in ports))
    again = rules.plan(after, desired, **options)
    assert (again.add, again.remove) == ([], [])


@given(st.lists(drawn(), max_size=6).map(unique))
def test_without_a_word_nothing_goes(current: list[rules.Rule]) -> None:
    assert rules.plan(current, []) == rules.Plan([], [], current)


@given(drawn())
def test_a_rule_comes_back_as_it_was_sent(one: rules.Rule) -> None:
    sent = rules.permission(one)
    [(kind, [peer])] = [(key, value) for key, value in sent.items() if isinstance(value, list)]
    member = {"UserIdGroupPairs": "GroupId", "IpRanges": "CidrIp", "Ipv6Ranges": "CidrIpv6"}.get(kind, "PrefixListId")
    answered = {
        "SecurityGroupRuleId": "sgr-1",
        "GroupId": GROUP,
        "IsEgress": one["egress"],
        "IpProtocol": sent["IpProtocol"],
        **{name: sent[name] for name in ("FromPort", "ToPort") if name in sent},
        **(
            {"ReferencedGroupInfo": peer}
            if member == "GroupId"
            else {member.replace("CidrIp", "CidrIpv4").replace("v4v6", "v6"): peer[member]}
        ),
    }
    assert rules.meaning(rules.shown(answered)) == rules.meaning(one)


@pytest.mark.parametrize(
    ("made", "opens"),
    [
        (rule(22, 22), True),
        (rule(0, 65535), True),
        (rule(20, 23), True),
        (rule(0, protocol="-1"), True),
        ({**rule(22, 22), "protocol": "6"}, True),
        (rule(22, 22, protocol="udp"), False),
        (rule(23, 65535), False),
        (rule(0, 21), False),
    ],
)
def test_what_opens_port_22(made: rules.Rule, opens: bool) -> None:
    assert rules.opens(made, 22) is opens


def test_host_bits_are_dropped_as_aws_does() -> None:
    assert rules.canonical_peer("192.0.2.77/24") == "192.0.2.0/24"
    assert rules.canonical_peer("2001:DB8:0::1/32") == "2001:db8::/32"


@pytest.mark.parametrize("peer", ["everybody", "sg-xyz", "10.0.0.0/33", ""])
def test_a_peer_is_a_group_a_list_or_a_cidr(peer: str) -> None:
    with pytest.raises(InvalidInput, match="sg-…"):
        rules.canonical_peer(peer)


@pytest.mark.parametrize(
    "options",
    [{"protocol": "icmp"}, {}, {"from_port": 23, "to_port": 22}, {"from_port": -1}, {"from_port": 1, "to_port": 65536}],
)
def test_ports_are_ports(options: dict[str, t.Any]) -> None:
    with pytest.raises(InvalidInput):
        rules.wanted(GROUP, {"peer": PEERS[0], **options}, egress=False)
