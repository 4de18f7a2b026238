"""Whether security groups let a connection through: pure functions over what DescribeSecurityGroups returns.

Groups are stateful and only allow: a connection passes when a rule of the source's groups lets it out and a rule
of the destination's lets it in. https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""

from __future__ import annotations

import ipaddress
import typing as t
from collections.abc import Iterable, Mapping, Sequence

Group = Mapping[str, t.Any]
Permission = Mapping[str, t.Any]

_ALL_PROTOCOLS = "-1"
_TCP = {"tcp", "6"}


class Verdict(t.NamedTuple):
    allowed: bool
    reason: str


def allows(
    groups_of_source: Sequence[Group],
    source_ip: str | None,
    groups_of_destination: Sequence[Group],
    port: int,
    *,
    destination_ip: str | None = None,
) -> Verdict:
    """Whether a TCP connection passes. An end without groups (a V1 link, an NLB made without one) filters nothing.

    An address that is None is one that nobody can name: only rules for a group, or for every address, match it.
    """
    source_ids, destination_ids = _ids(groups_of_source), _ids(groups_of_destination)
    if groups_of_source and not _any_rule(
        groups_of_source, "IpPermissionsEgress", destination_ip, destination_ids, port
    ):
        target = _named(destination_ids, destination_ip)
        return Verdict(False, f"no outbound rule of {_named(source_ids, None)} lets TCP {port} out to {target}")
    if groups_of_destination and not _any_rule(groups_of_destination, "IpPermissions", source_ip, source_ids, port):
        origin = _named(source_ids, source_ip)
        return Verdict(False, f"no inbound rule of {_named(destination_ids, None)} lets TCP {port} in from {origin}")
    return Verdict(True, "allowed")


def _ids(groups: Iterable[Group]) -> frozenset[str]:
    return frozenset(group["GroupId"] for group in groups)


def _named(group_ids: Iterable[str], address: str | None) -> str:
    names = ", ".join(sorted(group_ids))
    return " at ".join(part for part in (names, address) if part) or "an address outside of the VPC"


def _any_rule(
    groups: Iterable[Group], direction: str, peer_ip: str | None, peer_groups: frozenset[str], port: int
) -> bool:
    permissions = (permission for group in groups for permission in group.get(direction) or ())
    return any(_covers_port(rule, port) and _covers_peer(rule, peer_ip, peer_groups) for rule in permissions)


def _covers_port(permission: Permission, port: int) -> bool:
    protocol = str(permission.get("IpProtocol"))
    if protocol == _ALL_PROTOCOLS:
        return True  # all protocols means all ports, whatever else the rule says
    if protocol not in _TCP:
        return False
    return int(permission.get("FromPort", 0)) <= port <= int(permission.get("ToPort", 65535))


def _covers_peer(permission: Permission, peer_ip: str | None, peer_groups: frozenset[str]) -> bool:
    if any(pair.get("GroupId") in peer_groups for pair in permission.get("UserIdGroupPairs") or ()):
        return True
    ranges = [entry["CidrIp"] for entry in permission.get("IpRanges") or ()]
    ranges += [entry["CidrIpv6"] for entry in permission.get("Ipv6Ranges") or ()]
    return any(_in_range(peer_ip, cidr) for cidr in ranges)


def _in_range(address: str | None, cidr: str) -> bool:
    network = ipaddress.ip_network(cidr, strict=False)
    if address is None:
        # The peer's family is unknown as well; IPv4 is what the lab's networks speak.
        return network.prefixlen == 0 and network.version == 4
    return ipaddress.ip_address(address) in network
