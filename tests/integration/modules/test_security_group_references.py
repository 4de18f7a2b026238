from __future__ import annotations

import typing as t

import pytest


@pytest.fixture
def references(run_module: t.Any) -> t.Any:
    return run_module("security_group_references")


@pytest.fixture
def ec2(lab: t.Any) -> t.Any:
    return lab.client("ec2")


class Groups(t.NamedTuple):
    doomed: str
    owner: str
    other: str


@pytest.fixture
def groups(ec2: t.Any) -> Groups:
    """The owner's group names the doomed one in both directions, among rules of its own."""
    vpc_id = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    made = Groups(*(ec2.create_security_group(VpcId=vpc_id, GroupName=n, Description=n)["GroupId"] for n in "abc"))
    ec2.authorize_security_group_ingress(
        GroupId=made.owner,
        IpPermissions=[
            tcp(22, IpRanges=[{"CidrIp": "10.9.0.0/16", "Description": "of the owner"}]),
            tcp(8000, UserIdGroupPairs=[{"GroupId": made.doomed}, {"GroupId": made.other}]),
            tcp(9000, UserIdGroupPairs=[{"GroupId": made.doomed}]),
        ],
    )
    ec2.authorize_security_group_egress(
        GroupId=made.owner, IpPermissions=[tcp(8000, UserIdGroupPairs=[{"GroupId": made.doomed}])]
    )
    return made


def tcp(port: int, **peers: t.Any) -> dict[str, t.Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peers}


def rules_of(ec2: t.Any, group_id: str) -> set[tuple[bool, int, str]]:
    answer = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])
    return {
        (
            rule["IsEgress"],
            rule["FromPort"],
            (rule.get("ReferencedGroupInfo") or {}).get("GroupId") or rule.get("CidrIpv4", ""),
        )
        for rule in answer["SecurityGroupRules"]
    }


def test_only_the_rules_that_name_the_group_go(references: t.Any, ec2: t.Any, groups: Groups) -> None:
    asked = {"group_id": groups.doomed, "in_groups": [groups.owner, groups.other]}
    before = rules_of(ec2, groups.owner)
    foretold = references.ok(check=True, **asked)
    assert rules_of(ec2, groups.owner) == before
    outcome = references.ok(**asked)
    assert outcome.changed
    assert (foretold.changed, foretold["removed"], foretold["diff"]) == (True, outcome["removed"], outcome["diff"])
    assert {(rule["egress"], rule["from_port"], rule["in_group"]) for rule in outcome["removed"]} == {
        (False, 8000, groups.owner),
        (False, 9000, groups.owner),
        (True, 8000, groups.owner),
    }
    assert rules_of(ec2, groups.owner) == {
        (False, 22, "10.9.0.0/16"),
        (False, 8000, groups.other),
        (True, -1, "0.0.0.0/0"),
    }
    references.settled(**asked)


def test_then_the_group_can_be_deleted(references: t.Any, ec2: t.Any, groups: Groups) -> None:
    with pytest.raises(ec2.exceptions.ClientError, match="DependencyViolation"):
        ec2.delete_security_group(GroupId=groups.doomed)
    references.ok(group_id=groups.doomed, in_groups=[groups.owner])
    ec2.delete_security_group(GroupId=groups.doomed)


def test_groups_that_are_not_listed_keep_their_rules(references: t.Any, ec2: t.Any, groups: Groups) -> None:
    before = rules_of(ec2, groups.owner)
    for listed in ([groups.other], []):
        references.settled(group_id=groups.doomed, in_groups=listed)
    assert rules_of(ec2, groups.owner) == before


def test_a_group_that_is_gone_is_named_by_nobody(references: t.Any, groups: Groups) -> None:
    references.settled(group_id="sg-0123456789abcdef0", in_groups=[groups.owner, "sg-0fedcba9876543210"])


def test_a_denial_names_the_missing_action(references: t.Any, ec2: t.Any, groups: Groups, faults: t.Any) -> None:
    before = rules_of(ec2, groups.owner)
    faults.add("ec2", "RevokeSecurityGroupIngress", "UnauthorizedOperation", status=403)
    message = references.refused(group_id=groups.doomed, in_groups=[groups.owner])
    assert "ec2:RevokeSecurityGroupIngress" in message
    assert rules_of(ec2, groups.owner) == before
