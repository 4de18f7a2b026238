from __future__ import annotations

import json
import typing as t

import pytest

NAME = "central-llm-task-role"
SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
LOGS = "arn:aws:iam::aws:policy/CloudWatchLogsReadOnlyAccess"


def trust(service: str = "ecs-tasks.amazonaws.com") -> dict[str, t.Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def allow(*actions: str, resource: str = "*") -> dict[str, t.Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture
def iam_role(run_module: t.Any) -> t.Any:
    return run_module("iam_role")


@pytest.fixture
def iam(lab: t.Any) -> t.Any:
    return lab.client("iam")


def read_back(iam: t.Any, name: str = NAME) -> dict[str, t.Any] | None:
    try:
        role = dict(iam.get_role(RoleName=name)["Role"])
    except iam.exceptions.NoSuchEntityException:
        return None
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    names = iam.list_role_policies(RoleName=name)["PolicyNames"]
    role["Attached"] = sorted(policy["PolicyArn"] for policy in attached)
    role["Inline"] = {
        policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"] for policy in names
    }
    role["Tags"] = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
    return role


def test_create_and_create_again(iam_role: t.Any, iam: t.Any) -> None:
    options = {
        "name": NAME,
        "description": "what the engine may do",
        "assume_role_policy_document": trust(),
        "managed_policies": [SSM],
        "inline_policies": {"logs": allow("logs:PutLogEvents")},
        "permissions_boundary": LOGS,
        "max_session_duration": 7200,
        "tags": {"central-llm:stack": "central-llm"},
    }
    outcome = iam_role.predicted(**options)
    assert outcome.changed
    role = read_back(iam)
    assert role
    assert role["AssumeRolePolicyDocument"] == trust()
    assert (role["Description"], role["MaxSessionDuration"]) == ("what the engine may do", 7200)
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == LOGS
    assert (role["Attached"], role["Inline"]) == ([SSM], {"logs": allow("logs:PutLogEvents")})
    assert role["Tags"] == {"central-llm:stack": "central-llm"}
    assert iam_role.settled(**options)["role"] == outcome["role"]


def test_check_mode_creates_nothing(iam_role: t.Any, iam: t.Any) -> None:
    assert iam_role.ok(check=True, name=NAME, assume_role_policy_document=trust()).changed
    assert read_back(iam) is None


@pytest.mark.parametrize(
    ("option", "value", "read", "expected"),
    [
        ("description", "other", "Description", "other"),
        ("max_session_duration", 3600, "MaxSessionDuration", 3600),
        ("assume_role_policy_document", trust("ec2.amazonaws.com"), "AssumeRolePolicyDocument", None),
        ("managed_policies", [LOGS], "Attached", sorted([SSM, LOGS])),
        ("inline_policies", {"logs": allow("logs:*")}, "Inline", {"logs": allow("logs:*"), "more": allow("s3:Get*")}),
        ("inline_policies", {"logs": {}}, "Inline", {"more": allow("s3:Get*")}),
        ("tags", {"a": "2"}, "Tags", {"a": "2", "foreign": "yes"}),
    ],
)
def test_one_option_changes_and_the_others_stay(
    iam_role: t.Any, iam: t.Any, option: str, value: t.Any, read: str, expected: t.Any
) -> None:
    iam_role.ok(
        name=NAME,
        description="first",
        max_session_duration=7200,
        assume_role_policy_document=trust(),
        managed_policies=[SSM],
        inline_policies={"logs": allow("logs:PutLogEvents"), "more": allow("s3:Get*")},
        tags={"a": "1", "foreign": "yes"},
    )
    before = read_back(iam)
    assert before
    assert iam_role.predicted(name=NAME, **{option: value}).changed
    after = read_back(iam)
    assert after
    assert after.pop(read) == (value if expected is None else expected)
    before.pop(read)
    assert after == before
    iam_role.settled(name=NAME, **{option: value})
    iam_role.settled(name=NAME)


def test_a_document_written_otherwise_is_no_change(iam_role: t.Any, iam: t.Any) -> None:
    written = {"Statement": {"Effect": "Allow", "Action": ["s3:Put*", "s3:Get*"], "Resource": ["*"]}}
    iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(trust()))
    iam.put_role_policy(RoleName=NAME, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", **written}))
    same_trust = trust()
    same_trust["Statement"][0]["Action"] = ["sts:AssumeRole"]
    iam_role.settled(
        name=NAME, assume_role_policy_document=same_trust, inline_policies={"p": allow("s3:Get*", "s3:put*")}
    )


def test_policies_of_others_stay_unless_purged(iam_role: t.Any, iam: t.Any) -> None:
    iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(trust()), Tags=[{"Key": "f", "Value": "1"}])
    iam.attach_role_policy(RoleName=NAME, PolicyArn=LOGS)
    iam.put_role_policy(RoleName=NAME, PolicyName="theirs", PolicyDocument=json.dumps(allow("s3:*")))
    ours = {"name": NAME, "managed_policies": [SSM], "inline_policies": {"ours": allow("sqs:*")}, "tags": {"o": "1"}}
    iam_role.predicted(**ours)
    role = read_back(iam)
    assert role and role["Attached"] == sorted([LOGS, SSM]) and set(role["Inline"]) == {"ours", "theirs"}
    assert role["Tags"] == {"f": "1", "o": "1"}
    purge = {"purge_managed_policies": True, "purge_inline_policies": True, "purge_tags": True}
    assert iam_role.predicted(**ours, **purge).changed
    role = read_back(iam)
    assert role and role["Attached"] == [SSM] and set(role["Inline"]) == {"ours"} and role["Tags"] == {"o": "1"}
    iam_role.settled(**ours, **purge)


def test_the_boundary_is_set_and_removed_only_on_request(iam_role: t.Any, iam: t.Any) -> None:
    iam_role.ok(name=NAME, assume_role_policy_document=trust())
    assert iam_role.predicted(name=NAME, permissions_boundary=LOGS).changed
    iam_role.settled(name=NAME)
    assert iam_role.predicted(name=NAME, permissions_boundary="").changed
    assert "PermissionsBoundary" not in iam.get_role(RoleName=NAME)["Role"]
    iam_role.settled(name=NAME, permissions_boundary="")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "with space", "assume_role_policy_document": trust()}, "is no name of a role"),
        ({"name": NAME}, "assume_role_policy_document is needed"),
        ({"name": NAME, "assume_role_policy_document": {"Statement": []}}, "it has no Statement"),
        ({"name": NAME, "inline_policies": {"p": {"Statement": [{"Effect": "allow"}]}}}, "neither Allow nor Deny"),
        (
            {
                "name": NAME,
                "assume_role_policy_document": trust(),
                "inline_policies": {"p": allow(*(f"s3:{n:0>100}" for n in range(110)))},
            },
            "IAM takes 10240",
        ),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(
    iam_role: t.Any, iam: t.Any, faults: t.Any, options: dict[str, t.Any], message: str
) -> None:
    faults.forget_calls()
    assert message in iam_role.refused(**options)
    assert {call for call in faults.calls() if not call.startswith(("Get", "List"))} == set()
    assert read_back(iam) is None


def test_the_path_cannot_change(iam_role: t.Any, iam: t.Any) -> None:
    iam_role.ok(name=NAME, path="/llm/", assume_role_policy_document=trust())
    assert "AWS cannot change it" in iam_role.refused(name=NAME, path="/", description="other")
    iam_role.settled(name=NAME, path="/llm/")


def test_an_interrupted_creation_is_finished(iam_role: t.Any, iam: t.Any, faults: t.Any) -> None:
    options = {
        "name": NAME,
        "assume_role_policy_document": trust(),
        "managed_policies": [SSM],
        "inline_policies": {"logs": allow("logs:PutLogEvents")},
    }
    faults.add("iam", "PutRolePolicy", "AccessDenied", status=403, message="no")
    message = iam_role.refused(**options)
    assert "iam:PutRolePolicy" in message and NAME in message
    assert iam_role.ok(**options).changed
    role = read_back(iam)
    assert role and role["Attached"] == [SSM] and set(role["Inline"]) == {"logs"}


def test_throttling_is_ridden_out(iam_role: t.Any, iam: t.Any, faults: t.Any) -> None:
    faults.add("iam", "CreateRole", "Throttling", times=2)
    assert iam_role.ok(name=NAME, assume_role_policy_document=trust()).changed
    assert read_back(iam)


def test_a_new_role_is_waited_for(iam_role: t.Any, faults: t.Any) -> None:
    # The first look finds nothing, and so does, for a while, the one after the creation.
    faults.add("iam", "GetRole", "NoSuchEntity", status=404, times=3)
    assert iam_role.ok(name=NAME, assume_role_policy_document=trust())["role"]["arn"]


def test_delete_and_delete_again(iam_role: t.Any, iam: t.Any) -> None:
    iam_role.ok(
        name=NAME,
        assume_role_policy_document=trust(),
        managed_policies=[SSM],
        inline_policies={"logs": allow("logs:PutLogEvents")},
    )
    iam.create_instance_profile(InstanceProfileName="theirs")
    iam.add_role_to_instance_profile(InstanceProfileName="theirs", RoleName=NAME)
    assert iam_role.predicted(name=NAME, state="absent").changed
    assert read_back(iam) is None
    assert iam.get_instance_profile(InstanceProfileName="theirs")["InstanceProfile"]["Roles"] == []
    iam_role.settled(name=NAME, state="absent")
