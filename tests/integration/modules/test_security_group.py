from __future__ import annotations

import typing as t

import botocore.exceptions
import pytest

NAME = "central-llm-service-sg"
ASKED = {"name": NAME, "description": "the hosts of the engine"}
TAGS = {"central-llm:stack": "central-llm"}


@pytest.fixture
def ec2(lab: t.Any) -> t.Any:
    return lab.client("ec2")


@pytest.fixture
def vpc_id(ec2: t.Any) -> str:
    return str(ec2.describe_vpcs()["Vpcs"][0]["VpcId"])


@pytest.fixture
def security_group(run_module: t.Any) -> t.Any:
    return run_module("security_group")


def read_back(ec2: t.Any, name: str = NAME) -> dict[str, t.Any] | None:
    found = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [name]}])["SecurityGroups"]
    assert len(found) <= 1
    return next(iter(found), None)


def tags_of(group: dict[str, t.Any] | None) -> dict[str, str]:
    assert group
    return {tag["Key"]: tag["Value"] for tag in group.get("Tags", [])}


def test_create_and_create_again(security_group: t.Any, ec2: t.Any, vpc_id: str) -> None:
    outcome = security_group.predicted(**ASKED, vpc_id=vpc_id, tags=TAGS)
    group = read_back(ec2)
    assert group is not None and outcome.changed
    assert outcome["security_group"] == {**ASKED, "vpc_id": vpc_id, "group_id": group["GroupId"], "tags": TAGS}
    assert (group["Description"], group["VpcId"], tags_of(group)) == (ASKED["description"], vpc_id, TAGS)
    assert security_group.settled(**ASKED, vpc_id=vpc_id, tags=TAGS)["security_group"] == outcome["security_group"]
    assert security_group.settled(group_id=group["GroupId"])["security_group"] == outcome["security_group"]


def test_check_mode_creates_nothing(security_group: t.Any, ec2: t.Any, vpc_id: str) -> None:
    assert security_group.ok(check=True, **ASKED, vpc_id=vpc_id).changed
    assert security_group.ok(check=True, **ASKED, vpc_id="").changed
    assert "Only check mode takes that" in security_group.refused(**ASKED, vpc_id="")
    assert read_back(ec2) is None


def test_the_same_name_in_another_vpc_is_another_group(security_group: t.Any, ec2: t.Any, vpc_id: str) -> None:
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    theirs = ec2.create_security_group(GroupName=NAME, Description="theirs", VpcId=other)["GroupId"]
    ours = security_group.predicted(**ASKED, vpc_id=vpc_id)["security_group"]["group_id"]
    assert ours != theirs
    security_group.ok(name=NAME, vpc_id=vpc_id, state="absent")
    assert [group["GroupId"] for group in [read_back(ec2)] if group] == [theirs]


def test_only_tags_change_and_rules_stay(security_group: t.Any, ec2: t.Any, vpc_id: str) -> None:
    made = ec2.create_security_group(GroupName=NAME, Description="by hand", VpcId=vpc_id)["GroupId"]
    ec2.create_tags(Resources=[made], Tags=[{"Key": "foreign", "Value": "yes"}])
    ec2.authorize_security_group_ingress(GroupId=made, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="10.0.0.0/8")
    before = read_back(ec2)
    security_group.settled(name=NAME, vpc_id=vpc_id)
    outcome = security_group.predicted(name=NAME, vpc_id=vpc_id, tags=TAGS)
    assert outcome["diff"]["before"]["tags"] == {"foreign": "yes"}
    group = read_back(ec2)
    assert group and before and tags_of(group) == {"foreign": "yes", **TAGS}
    assert {**group, "Tags": []} == {**before, "Tags": []}
    security_group.predicted(name=NAME, vpc_id=vpc_id, tags=TAGS, purge_tags=True)
    assert tags_of(read_back(ec2)) == TAGS


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": NAME, "description": "x"}, "vpc_id: missing"),
        ({"name": "sg-mine", "description": "x", "vpc_id": "VPC"}, "starts with sg-"),
        ({"name": NAME, "description": "for Ä", "vpc_id": "VPC"}, "description"),
        ({"name": NAME, "vpc_id": "VPC"}, "description: needed"),
        ({"group_id": "sg-0123456789abcdef0"}, "there is no security group sg-0123456789abcdef0"),
    ],
)
def test_bad_input(security_group: t.Any, faults: t.Any, vpc_id: str, options: dict[str, str], words: str) -> None:
    options = {key: vpc_id if value == "VPC" else value for key, value in options.items()}
    faults.forget_calls()
    assert words in security_group.refused(check=True, **options)
    assert words in security_group.refused(**options)
    assert "CreateSecurityGroup" not in faults.calls()


def test_the_lab_is_as_strict_about_words_as_aws(ec2: t.Any, vpc_id: str) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidParameterValue"):
        ec2.create_security_group(GroupName=NAME, Description="AWS's", VpcId=vpc_id)
    made = ec2.create_security_group(GroupName=NAME, Description="R&D", VpcId=vpc_id)["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    ranges = [{"CidrIp": "10.0.0.0/8", "Description": "R&D"}]
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidParameterValue"):
        ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[{**permission, "IpRanges": ranges}])


def test_what_aws_cannot_change_is_refused(security_group: t.Any, ec2: t.Any, vpc_id: str) -> None:
    made = security_group.ok(**ASKED, vpc_id=vpc_id)["security_group"]["group_id"]
    assert "AWS cannot change that" in security_group.refused(name=NAME, vpc_id=vpc_id, description="other")
    assert "AWS cannot change that" in security_group.refused(group_id=made, name="other-name")
    group = read_back(ec2)
    assert group and group["Description"] == ASKED["description"]


def test_a_denial_names_the_action(security_group: t.Any, ec2: t.Any, faults: t.Any, vpc_id: str) -> None:
    faults.add("ec2", "CreateSecurityGroup", "UnauthorizedOperation", status=403, message="You are not authorized")
    assert "ec2:CreateSecurityGroup" in security_group.refused(**ASKED, vpc_id=vpc_id)
    faults.add("ec2", "DescribeSecurityGroups", "UnauthorizedOperation", status=403, message="You are not authorized")
    assert "ec2:DescribeSecurityGroups" in security_group.refused(**ASKED, vpc_id=vpc_id)
    assert read_back(ec2) is None


def test_throttling_is_ridden_out(security_group: t.Any, ec2: t.Any, faults: t.Any, vpc_id: str) -> None:
    faults.add("ec2", "*", "RequestLimitExceeded", status=503, times=2)
    assert security_group.ok(**ASKED, vpc_id=vpc_id).changed
    assert read_back(ec2)


def test_a_lost_answer_is_taken_up_by_the_next_run(
    security_group: t.Any, ec2: t.Any, faults: t.Any, vpc_id: str
) -> None:
    faults.lose("ec2", "CreateSecurityGroup")
    assert "InvalidGroup.Duplicate" in security_group.refused(**ASKED, vpc_id=vpc_id, tags=TAGS)
    assert security_group.settled(**ASKED, vpc_id=vpc_id, tags=TAGS)["security_group"]["tags"] == TAGS


def test_delete_and_delete_again(security_group: t.Any, ec2: t.Any, vpc_id: str) -> None:
    security_group.ok(**ASKED, vpc_id=vpc_id, tags=TAGS)
    outcome = security_group.ok(name=NAME, vpc_id=vpc_id, tags={"owner": "them"}, state="absent")
    assert not outcome.changed and read_back(ec2)
    assert security_group.predicted(name=NAME, vpc_id=vpc_id, tags=TAGS, state="absent").changed
    assert read_back(ec2) is None
    security_group.settled(name=NAME, vpc_id=vpc_id, state="absent")
    security_group.settled(group_id="sg-0123456789abcdef0", state="absent")


def test_a_group_in_use_is_waited_for_and_then_named(security_group: t.Any, ec2: t.Any, vpc_id: str) -> None:
    made = security_group.ok(**ASKED, vpc_id=vpc_id)["security_group"]["group_id"]
    subnet = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"][0]["SubnetId"]
    interface = ec2.create_network_interface(SubnetId=subnet, Groups=[made], Description="of a balancer")
    interface_id = interface["NetworkInterface"]["NetworkInterfaceId"]
    assert interface_id in security_group.refused(group_id=made, state="absent", wait_timeout=5)
    assert read_back(ec2)
    ec2.delete_network_interface(NetworkInterfaceId=interface_id)
    assert security_group.ok(group_id=made, state="absent").changed


def test_the_default_group_stays(security_group: t.Any, ec2: t.Any, vpc_id: str) -> None:
    assert "does not delete" in security_group.refused(name="default", vpc_id=vpc_id, state="absent")


def test_looking_for_groups(run_module: t.Any, ec2: t.Any, vpc_id: str) -> None:
    made = ec2.create_security_group(GroupName=NAME, Description="by hand", VpcId=vpc_id)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=made, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="10.0.0.0/8")
    look = run_module("security_group_info")
    (found,) = look.ok(filters={"vpc-id": vpc_id, "group-name": [NAME, "no-such-group"]})["security_groups"]
    assert {key: found[key] for key in ("group_id", "name", "description", "vpc_id", "tags")} == {
        "group_id": made,
        "name": NAME,
        "description": "by hand",
        "vpc_id": vpc_id,
        "tags": {},
    }
    assert [(rule["from_port"], rule["ip_ranges"][0]["cidr_ip"]) for rule in found["ip_permissions"]] == [
        (22, "10.0.0.0/8")
    ]
    assert look.ok(filters={"group-name": "no-such-group"})["security_groups"] == []
