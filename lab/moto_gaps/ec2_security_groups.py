"""Security groups: moto answers an authorization with the last of its rules, deletes a group that is in use, and takes
names and descriptions with any letters."""

from __future__ import annotations

import re

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, amends, backend, forward, guards
from lab.moto_gaps import apigateway_vpc_links_v2

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
_GROUP_TEXT = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html: without the ampersand.
_RULE_TEXT = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=;{}!$*]{0,255}")
_PEERS = ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")


def apply() -> None:
    guards("ec2", "CreateSecurityGroup")(check_texts)
    guards("ec2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")(check_descriptions)
    amends("ec2", "AuthorizeSecurityGroupIngress")(lambda call, params, output: _all_new(call, params, output, False))
    amends("ec2", "AuthorizeSecurityGroupEgress")(lambda call, params, output: _all_new(call, params, output, True))
    guards("ec2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")(check_peers)
    guards("ec2", "DeleteSecurityGroup")(check_unused)


def check_texts(call: Call, params: Params) -> None:
    for name, member in (("GroupName", "group name"), ("Description", "security group description")):
        value = str(params.get(name) or "")
        if not _GROUP_TEXT.fullmatch(value) or (name == "GroupName" and value.lower().startswith("sg-")):
            raise AwsError("InvalidParameterValue", f"Value ({value}) for parameter {name} is invalid: {member}")


def check_descriptions(call: Call, params: Params) -> None:
    for permission in params.get("IpPermissions") or []:
        for peer in (one for name in _PEERS for one in permission.get(name) or []):
            value = str(peer.get("Description") or "")
            if not _RULE_TEXT.fullmatch(value):
                raise AwsError("InvalidParameterValue", f"Invalid rule description: {value}")


def check_peers(call: Call, params: Params) -> None:
    """A rule can only name groups that exist."""
    ec2 = backend("ec2", call.region)
    for permission in params.get("IpPermissions") or []:
        for pair in permission.get("UserIdGroupPairs") or []:
            if pair.get("GroupId") and ec2.get_security_group_from_id(pair["GroupId"]) is None:
                raise AwsError("InvalidGroup.NotFound", f"The security group '{pair['GroupId']}' does not exist")


def _all_new(call: Call, params: Params, output: Params, egress: bool) -> None:
    group_id = params.get("GroupId")
    if not group_id:
        return
    rules = forward(call, "DescribeSecurityGroupRules", {"Filters": [{"Name": "group-id", "Values": [group_id]}]})[
        "SecurityGroupRules"
    ]
    wanted = [_fingerprint(permission) for permission in params.get("IpPermissions") or []]
    if not wanted:
        return
    output["SecurityGroupRules"] = [
        rule
        for rule in rules
        if rule["IsEgress"] == egress and any(_matches(rule, permission) for permission in wanted)
    ]


def _fingerprint(permission: Params) -> tuple[str, int, int, set[str]]:
    peers = {one["CidrIp"] for one in permission.get("IpRanges") or []}
    peers |= {one["CidrIpv6"] for one in permission.get("Ipv6Ranges") or []}
    peers |= {one["PrefixListId"] for one in permission.get("PrefixListIds") or []}
    peers |= {one["GroupId"] for one in permission.get("UserIdGroupPairs") or [] if one.get("GroupId")}
    return (
        str(permission["IpProtocol"]),
        int(permission.get("FromPort", -1)),
        int(permission.get("ToPort", -1)),
        peers,
    )


def _matches(rule: Params, permission: tuple[str, int, int, set[str]]) -> bool:
    protocol, low, high, peers = permission
    peer = (
        rule.get("CidrIpv4")
        or rule.get("CidrIpv6")
        or rule.get("PrefixListId")
        or (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
    )
    same_ports = protocol == "-1" or (rule.get("FromPort", -1), rule.get("ToPort", -1)) == (low, high)
    return rule["IpProtocol"] == protocol and same_ports and peer in peers


def check_unused(call: Call, params: Params) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html"""
    group_id = params.get("GroupId")
    if not group_id:
        return
    ec2 = backend("ec2", call.region)
    attached = any(
        group_id in {group.id for group in interface.group_set}
        for interface in ec2.enis.values()
        if interface.instance is None or interface.instance.state != "terminated"
    )
    balanced = any(
        group_id in balancer.security_groups for balancer in backend("elbv2", call.region).load_balancers.values()
    )
    linked = apigateway_vpc_links_v2.uses_group(call.region, group_id)
    referenced = any(
        rule.source_group.get("GroupId") == group_id
        for vpc in ec2.groups.values()
        for group in vpc.values()
        if group.id != group_id
        for rule in [*group.ingress_rules, *group.egress_rules]
    )
    if attached or balanced or linked or referenced:
        raise AwsError("DependencyViolation", f"resource {group_id} has a dependent object")
