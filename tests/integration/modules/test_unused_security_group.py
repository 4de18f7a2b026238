from __future__ import annotations

import typing as t

import pytest
from lab_network import Network, make_network


@pytest.fixture
def unused(run_module: t.Any, network: Network) -> t.Any:
    return run_module("unused_security_group")


@pytest.fixture
def network(lab: t.Any) -> Network:
    return make_network(lab)


@pytest.fixture
def ec2(lab: t.Any) -> t.Any:
    return lab.client("ec2")


def names(ec2: t.Any, network: Network) -> set[str]:
    found = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [network.vpc_id]}])["SecurityGroups"]
    return {group["GroupName"] for group in found} - {"default"}


def group_id(ec2: t.Any, network: Network, name: str) -> str:
    filters = [{"Name": "vpc-id", "Values": [network.vpc_id]}, {"Name": "group-name", "Values": [name]}]
    return ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]


def name_in_rule(ec2: t.Any, holder: str, named: str) -> str:
    answer = ec2.authorize_security_group_ingress(
        GroupId=holder,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": named}]},
        ],
    )
    return answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]


def test_delete_by_name_and_by_id_and_again(unused: t.Any, ec2: t.Any, network: Network) -> None:
    asked = {"groups": ["one", group_id(ec2, network, "two")], "vpc_id": network.vpc_id}
    foretold = unused.ok(check=True, **asked)
    assert names(ec2, network) == {"one", "two"}
    outcome = unused.ok(**asked)
    assert (foretold.changed, foretold["removed"], foretold["diff"]) == (True, outcome["removed"], outcome["diff"])
    assert [group["name"] for group in outcome["removed"]] == ["one", "two"]
    assert names(ec2, network) == set()
    unused.settled(groups=["one", "two"], vpc_id=network.vpc_id)


def test_others_and_other_vpcs_stay(unused: t.Any, ec2: t.Any, network: Network) -> None:
    elsewhere = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    ec2.create_security_group(VpcId=elsewhere, GroupName="one", Description="another")
    unused.ok(groups=["one"], vpc_id=network.vpc_id)
    assert names(ec2, network) == {"two"}
    assert len(ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["one"]}])["SecurityGroups"]) == 1


def test_a_rule_of_another_group_is_a_use_unless_it_leaves(unused: t.Any, ec2: t.Any, network: Network) -> None:
    one, two = group_id(ec2, network, "one"), group_id(ec2, network, "two")
    rule = name_in_rule(ec2, two, one)
    for check in (True, False):
        message = unused.refused(check=check, groups=["one"], vpc_id=network.vpc_id)
        assert rule in message and f"{two} lets in tcp 80 from {one}" in message
    assert names(ec2, network) == {"one", "two"}
    assert unused.ok(check=True, groups=["one"], vpc_id=network.vpc_id, leaving_rules=[rule]).changed
    ec2.revoke_security_group_ingress(GroupId=two, SecurityGroupRuleIds=[rule])
    assert unused.ok(groups=["one"], vpc_id=network.vpc_id, leaving_rules=[rule]).changed


def test_groups_that_name_one_another_go_together(unused: t.Any, ec2: t.Any, network: Network) -> None:
    one, two = group_id(ec2, network, "one"), group_id(ec2, network, "two")
    name_in_rule(ec2, two, one)
    name_in_rule(ec2, one, two)
    name_in_rule(ec2, one, one)
    assert unused.ok(groups=["one", "two"], vpc_id=network.vpc_id).changed
    assert names(ec2, network) == set()


def test_every_user_is_named_and_nothing_is_deleted(unused: t.Any, ec2: t.Any, lab: t.Any, network: Network) -> None:
    one = group_id(ec2, network, "one")
    interface = ec2.create_network_interface(SubnetId=network.subnet_ids[0], Groups=[one], Description="the database")
    ec2.create_launch_template(LaunchTemplateName="hosts", LaunchTemplateData={"SecurityGroupIds": [one]})
    lab.client("apigatewayv2").create_vpc_link(
        Name="http-api", SubnetIds=network.subnet_ids[:1], SecurityGroupIds=[one]
    )
    message = unused.refused(groups=["two", "one"], vpc_id=network.vpc_id)
    for user in (
        interface["NetworkInterface"]["NetworkInterfaceId"],
        "the database",
        "version 1 of the launch template hosts",
        "VPC link http-api",
    ):
        assert user in message
    assert "Remove what uses them" in message
    assert names(ec2, network) == {"one", "two"}


def test_only_the_default_version_of_a_template_counts(unused: t.Any, ec2: t.Any, network: Network) -> None:
    one, two = group_id(ec2, network, "one"), group_id(ec2, network, "two")
    ec2.create_launch_template(LaunchTemplateName="hosts", LaunchTemplateData={"SecurityGroupIds": [one]})
    ec2.create_launch_template_version(LaunchTemplateName="hosts", LaunchTemplateData={"SecurityGroupIds": [two]})
    ec2.modify_launch_template(LaunchTemplateName="hosts", DefaultVersion="2")
    assert unused.ok(groups=["one"], vpc_id=network.vpc_id).changed
    assert "version 2 of the launch template hosts" in unused.refused(groups=["two"], vpc_id=network.vpc_id)


def test_a_caller_who_may_not_read_templates_is_warned(unused: t.Any, network: Network, faults: t.Any) -> None:
    faults.add("ec2", "DescribeLaunchTemplateVersions", "UnauthorizedOperation", status=403)
    outcome = unused.ok(groups=["one"], vpc_id=network.vpc_id)
    assert outcome.changed
    assert any("launch templates" in warning for warning in outcome["warnings"])


def test_the_default_group_is_refused(unused: t.Any, network: Network) -> None:
    assert "cannot be deleted" in unused.refused(groups=["default", "one"], vpc_id=network.vpc_id)


def test_a_denial_names_the_missing_action(unused: t.Any, network: Network, faults: t.Any) -> None:
    faults.add("ec2", "DeleteSecurityGroup", "UnauthorizedOperation", status=403)
    assert "ec2:DeleteSecurityGroup" in unused.refused(groups=["one"], vpc_id=network.vpc_id)
    assert unused.ok(groups=["one"], vpc_id=network.vpc_id).changed


def test_throttling_is_ridden_out(unused: t.Any, ec2: t.Any, network: Network, faults: t.Any) -> None:
    faults.add("ec2", "DeleteSecurityGroup", "RequestLimitExceeded", status=503, times=2)
    unused.ok(groups=["one"], vpc_id=network.vpc_id)
    assert names(ec2, network) == {"two"}
