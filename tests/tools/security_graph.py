"""Reads the security groups of a VPC as a graph: who reaches whom on a port; plain boto3.

An arrow leads from a source to a group where the group lets the source in on the port. A source is another group, a
CIDR or a prefix list. What a group lets out is no protection of the other end and is left aside here, save that a
group which lets nothing out on the port hands nothing on.

    security_graph.py VPC_ID HOST_GROUP LINK_GROUP PORT [REGION]

proves that the port of the hosts is reached from the link's group alone, and port 22 by nobody.
"""

from __future__ import annotations

import sys
import typing as t

Group = t.Mapping[str, t.Any]
Groups = t.Mapping[str, Group]


def read_groups(ec2: t.Any, vpc_id: str) -> dict[str, Group]:
    pages = ec2.get_paginator("describe_security_groups").paginate(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])
    return {group["GroupId"]: group for page in pages for group in page["SecurityGroups"]}


def covers(permission: Group, port: int) -> bool:
    """Whether a permission is about TCP on this port; one for all protocols (-1) is, whatever ports it names.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
    """
    protocol = permission["IpProtocol"]
    if protocol == "-1":
        return True
    low, high = permission.get("FromPort", -1), permission.get("ToPort", -1)
    return protocol in ("tcp", "6") and (low == -1 or low <= port <= high)


def peers(permissions: t.Iterable[Group], port: int) -> set[str]:
    """Groups, CIDRs and prefix lists at the other end of what is open on the port."""
    found: set[str] = set()
    for permission in permissions:
        if covers(permission, port):
            found |= {one["GroupId"] for one in permission.get("UserIdGroupPairs", [])}
            found |= {one["CidrIp"] for one in permission.get("IpRanges", [])}
            found |= {one["CidrIpv6"] for one in permission.get("Ipv6Ranges", [])}
            found |= {one["PrefixListId"] for one in permission.get("PrefixListIds", [])}
    return found


def let_in(groups: Groups, group_id: str, port: int) -> set[str]:
    """Who reaches the members of this group directly. A group of another VPC is a source of which no more is known."""
    return peers(groups[group_id].get("IpPermissions", []), port) if group_id in groups else set()


def hands_on(groups: Groups, source: str, port: int) -> bool:
    """Whether a source that was let in itself can send on: a group that lets out nothing on the port cannot."""
    return source in groups and bool(peers(groups[source].get("IpPermissionsEgress", []), port))


def reaching(groups: Groups, group_id: str, port: int) -> set[str]:
    """Everybody who reaches the members of this group on the port, directly or through members of other groups."""
    seen: set[str] = set()
    left = [group_id]
    while left:
        for source in let_in(groups, left.pop(), port) - seen:
            seen.add(source)
            if hands_on(groups, source, port):
                left.append(source)
    return seen


def origins(groups: Groups, group_id: str, port: int) -> set[str]:
    """Where requests that reach the group come from: those of its sources that nobody reaches."""
    return {source for source in reaching(groups, group_id, port) if not let_in(groups, source, port)}


def findings(groups: Groups, *, hosts: str, link: str, port: int) -> list[str]:
    """What is not as it should be: the hosts are reached from the link alone, by one step between, and 22 by nobody."""
    found = [f"{source} reaches port 22 of {hosts}" for source in sorted(reaching(groups, hosts, 22))]
    between = let_in(groups, hosts, port)
    wrong = origins(groups, hosts, port) - {link}
    found += [f"{source} is where requests to port {port} of {hosts} come from" for source in sorted(wrong)]
    if link in between:
        found.append(f"{link} reaches port {port} of {hosts} without the balancer")
    if link not in reaching(groups, hosts, port):
        found.append(f"{link} does not reach port {port} of {hosts}")
    beyond = reaching(groups, hosts, port) - between - {link}
    found += [f"{source} reaches port {port} of {hosts} by a detour" for source in sorted(beyond - wrong)]
    if len(between) > 1:
        found.append(f"port {port} of {hosts} is open to {', '.join(sorted(between))}, where one group is enough")
    return found


def main(vpc_id: str, hosts: str, link: str, port: str, region: str | None = None) -> int:
    import boto3

    groups = read_groups(boto3.client("ec2", region_name=region), vpc_id)
    ids = {group["GroupName"]: group_id for group_id, group in groups.items()}
    wrong = findings(groups, hosts=ids.get(hosts, hosts), link=ids.get(link, link), port=int(port))
    print("\n".join(wrong) or f"Port {port} of {hosts} is reached from {link} alone, and port 22 by nobody.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
