# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Rules of security groups: what they open, and what is to do so that a group has those that are wanted."""

from __future__ import annotations

import ipaddress
import itertools
import re
import typing as t

from .._aws import InvalidInput
from . import api, network_api

Rule = dict[str, t.Any]

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html
_DESCRIPTION = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=;{}!$*]{0,255}")
_BY_ID = re.compile(r"(sg|pl)-[0-9a-f]{8,17}")
_PORTS = ("tcp", "udp")


class Plan(t.NamedTuple):
    """What to write, and what stays beyond the wanted rules because nobody asked for its removal."""

    add: list[Rule]
    remove: list[Rule]
    extra: list[Rule]


def shown(rule: t.Mapping[str, t.Any]) -> Rule:
    """A rule of AWS's answer in the words of this collection."""
    referenced = (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
    return {
        "id": rule["SecurityGroupRuleId"],
        "in_group": rule["GroupId"],
        "egress": rule["IsEgress"],
        "protocol": rule["IpProtocol"],
        "from_port": rule.get("FromPort", -1),
        "to_port": rule.get("ToPort", -1),
        "peer": referenced or rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId") or "",
        "description": rule.get("Description", ""),
    }


def wanted(group_id: str, options: t.Mapping[str, t.Any], *, egress: bool) -> Rule:
    """A rule that was asked for, checked, and in the shape of those that there are."""
    protocol, low = options.get("protocol") or "tcp", options.get("from_port")
    high = low if options.get("to_port") is None else options["to_port"]
    if protocol not in (*_PORTS, "-1"):
        raise InvalidInput(f"protocol is {protocol!r}: it takes tcp, udp, or -1 for all protocols.")
    if protocol in _PORTS and (low is None or high is None or not 0 <= low <= high <= 65535):
        raise InvalidInput(f"A rule for {protocol} takes from_port and to_port from 0 to 65535, not {low} to {high}.")
    if not _DESCRIPTION.fullmatch(options.get("description") or ""):
        raise InvalidInput(
            f"description: {options['description']!r}. AWS takes up to 255 letters, digits, spaces and "
            "._-:/()#,@[]+=;{}!$*"
        )
    # AWS opens every port of every protocol with -1, whatever ports are given.
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
    ports = (low, high) if protocol in _PORTS else (-1, -1)
    return {
        "id": "",
        "in_group": group_id,
        "egress": egress,
        "protocol": protocol,
        "from_port": ports[0],
        "to_port": ports[1],
        "peer": canonical_peer(options["peer"]),
        "description": options.get("description") or "",
    }


def canonical_peer(peer: str) -> str:
    """A group or prefix list as it is, a CIDR as AWS stores it: without host bits."""
    if _BY_ID.fullmatch(peer):
        return peer
    try:
        return str(ipaddress.ip_network(peer, strict=False))
    except ValueError as error:
        raise InvalidInput(
            f"peer is {peer!r}: it takes the id of a security group (sg-…) or prefix list (pl-…), "
            f"or a CIDR like 10.0.0.0/8 or 2001:db8::/32."
        ) from error


def opens(rule: t.Mapping[str, t.Any], port: int) -> bool:
    """Whether TCP passes on this port: also by a range of ports, and by a rule for all protocols."""
    if rule["protocol"] == "-1":
        return True
    return rule["protocol"] in ("tcp", "6") and (
        rule["from_port"] == -1 or rule["from_port"] <= port <= rule["to_port"]
    )


def meaning(rule: t.Mapping[str, t.Any]) -> tuple[t.Any, ...]:
    """What a rule does; id and description are no part of it."""
    everything = rule["protocol"] == "-1"
    ports = (-1, -1) if everything else (rule["from_port"], rule["to_port"])
    return rule["in_group"], rule["egress"], rule["protocol"], *ports, rule["peer"]


def plan(
    current: t.Sequence[Rule],
    desired: t.Sequence[Rule],
    *,
    purge_ingress: bool = False,
    purge_egress: bool = False,
    purge_ports: t.Collection[int] = (),
) -> Plan:
    """Compare the rules of one group. `purge_ports` are ports whose inbound rules are exactly the wanted ones."""
    there, asked = {meaning(rule) for rule in current}, {meaning(rule) for rule in desired}
    beyond = [rule for rule in current if meaning(rule) not in asked]

    def unwanted(rule: Rule) -> bool:
        if rule["egress"]:
            return purge_egress
        return purge_ingress or any(opens(rule, port) for port in purge_ports)

    add = list({meaning(rule): rule for rule in desired if meaning(rule) not in there}.values())
    return Plan(add, [rule for rule in beyond if unwanted(rule)], [rule for rule in beyond if not unwanted(rule)])


def permission(rule: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """A rule as AWS takes it."""
    kind, member = {
        "sg": ("UserIdGroupPairs", "GroupId"),
        "pl": ("PrefixListIds", "PrefixListId"),
        "v6": ("Ipv6Ranges", "CidrIpv6"),
        "v4": ("IpRanges", "CidrIp"),
    }[_kind(rule["peer"])]
    peer = {member: rule["peer"], **({"Description": rule["description"]} if rule["description"] else {})}
    ports = {} if rule["protocol"] == "-1" else {"FromPort": rule["from_port"], "ToPort": rule["to_port"]}
    return {"IpProtocol": rule["protocol"], **ports, kind: [peer]}


def in_words(rule: t.Mapping[str, t.Any]) -> str:
    """For a reader: "sg-1 lets in tcp 8000 from sg-2"."""
    ports = "" if rule["from_port"] == -1 else f" {rule['from_port']}"
    ports += f"-{rule['to_port']}" if ports and rule["to_port"] != rule["from_port"] else ""
    protocol = "everything" if rule["protocol"] == "-1" else f"{rule['protocol']}{ports}"
    way = ("out", "to") if rule["egress"] else ("in", "from")
    return f"{rule['in_group']} lets {way[0]} {protocol} {way[1]} {rule['peer']}"


def add(client: t.Any, rules: t.Iterable[Rule]) -> None:
    """One request a rule: AWS refuses a whole request of which one rule is there already."""
    for rule in rules:
        authorize = network_api.authorize_egress if rule["egress"] else network_api.authorize_ingress
        authorize(client, rule["in_group"], permission(rule))


def remove(client: t.Any, rules: t.Iterable[Rule]) -> None:
    """One request for each group and direction."""

    def where(rule: Rule) -> tuple[str, bool]:
        return rule["in_group"], rule["egress"]

    for (group_id, egress), some in itertools.groupby(sorted(rules, key=where), where):
        revoke = api.revoke_egress if egress else api.revoke_ingress
        revoke(client, group_id, [rule["id"] for rule in some])


def _kind(peer: str) -> str:
    return peer[:2] if _BY_ID.fullmatch(peer) else "v6" if ":" in peer else "v4"


__all__ = (
    "Plan",
    "add",
    "canonical_peer",
    "in_words",
    "meaning",
    "opens",
    "permission",
    "plan",
    "remove",
    "shown",
    "wanted",
)
