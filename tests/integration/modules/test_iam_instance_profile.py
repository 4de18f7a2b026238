from __future__ import annotations

import json
import typing as t

import pytest

NAME = "central-llm-instance-profile"


@pytest.fixture
def profile(run_module: t.Any) -> t.Any:
    return run_module("iam_instance_profile")


@pytest.fixture
def iam(lab: t.Any) -> t.Any:
    client = lab.client("iam")
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    for role in ("one", "two"):
        client.create_role(
            RoleName=role, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        )
    return client


def read_back(iam: t.Any) -> dict[str, t.Any] | None:
    try:
        found = iam.get_instance_profile(InstanceProfileName=NAME)["InstanceProfile"]
    except iam.exceptions.NoSuchEntityException:
        return None
    tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
    return {"path": found["Path"], "roles": [role["RoleName"] for role in found["Roles"]], "tags": tags}


def test_create_and_create_again(profile: t.Any, iam: t.Any) -> None:
    options = {"name": NAME, "role": "one", "tags": {"central-llm:stack": "central-llm"}}
    outcome = profile.predicted(**options)
    assert outcome.changed
    assert read_back(iam) == {"path": "/", "roles": ["one"], "tags": {"central-llm:stack": "central-llm"}}
    assert profile.settled(**options)["instance_profile"] == outcome["instance_profile"]


def test_check_mode_creates_nothing(profile: t.Any, iam: t.Any) -> None:
    assert profile.ok(check=True, name=NAME, role="one").changed
    assert read_back(iam) is None


def test_the_role_changes_and_the_rest_stays(profile: t.Any, iam: t.Any) -> None:
    iam.create_instance_profile(InstanceProfileName=NAME, Tags=[{"Key": "foreign", "Value": "yes"}])
    iam.add_role_to_instance_profile(InstanceProfileName=NAME, RoleName="one")
    profile.settled(name=NAME)
    assert profile.predicted(name=NAME, role="two").changed
    assert read_back(iam) == {"path": "/", "roles": ["two"], "tags": {"foreign": "yes"}}
    assert profile.predicted(name=NAME, role="").changed
    assert read_back(iam) == {"path": "/", "roles": [], "tags": {"foreign": "yes"}}


def test_foreign_tags_stay_unless_purged(profile: t.Any, iam: t.Any) -> None:
    iam.create_instance_profile(InstanceProfileName=NAME, Tags=[{"Key": "foreign", "Value": "yes"}])
    assert profile.predicted(name=NAME, tags={"ours": "1"}).changed
    assert read_back(iam) == {"path": "/", "roles": [], "tags": {"foreign": "yes", "ours": "1"}}
    assert profile.predicted(name=NAME, tags={"ours": "1"}, purge_tags=True).changed
    assert read_back(iam) == {"path": "/", "roles": [], "tags": {"ours": "1"}}


def test_bad_input_is_refused(profile: t.Any, iam: t.Any, faults: t.Any) -> None:
    faults.forget_calls()
    assert "is no name of an instance profile" in profile.refused(name="with space")
    assert faults.calls() == []
    profile.ok(name=NAME, path="/llm/")
    assert "AWS cannot change it" in profile.refused(name=NAME, path="/", role="one")
    assert read_back(iam) == {"path": "/llm/", "roles": [], "tags": {}}


def test_a_denied_creation_is_finished_by_the_next_run(profile: t.Any, iam: t.Any, faults: t.Any) -> None:
    faults.add("iam", "AddRoleToInstanceProfile", "AccessDenied", status=403, message="no")
    message = profile.refused(name=NAME, role="one")
    assert "iam:AddRoleToInstanceProfile" in message and NAME in message
    assert profile.ok(name=NAME, role="one").changed
    assert read_back(iam) == {"path": "/", "roles": ["one"], "tags": {}}


def test_throttling_is_ridden_out(profile: t.Any, iam: t.Any, faults: t.Any) -> None:
    faults.add("iam", "CreateInstanceProfile", "Throttling", times=2)
    assert profile.ok(name=NAME).changed
    assert read_back(iam)


def test_delete_and_delete_again(profile: t.Any, iam: t.Any) -> None:
    profile.ok(name=NAME, role="one")
    assert profile.predicted(name=NAME, state="absent").changed
    assert read_back(iam) is None
    assert iam.get_role(RoleName="one")
    profile.settled(name=NAME, state="absent")
