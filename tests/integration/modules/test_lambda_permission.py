from __future__ import annotations

import io
import json
import typing as t
import zipfile

import pytest

TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}
RULE = "arn:aws:events:eu-central-1:123456789012:rule/reaper"
OPTIONS = {"name": "rule", "function": "reaper", "principal": "events.amazonaws.com", "source_arn": RULE}


@pytest.fixture
def permission(run_module: t.Any, lab: t.Any) -> t.Any:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("handler.py", "")
    role = lab.client("iam").create_role(RoleName="reaper", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    lab.client("lambda").create_function(
        FunctionName="reaper",
        Runtime="python3.13",
        Handler="handler.handle",
        Role=role,
        Code={"ZipFile": packed.getvalue()},
    )
    return run_module("lambda_permission")


def statements(lab: t.Any) -> list[dict[str, t.Any]]:
    try:
        policy = lab.client("lambda").get_policy(FunctionName="reaper")["Policy"]
    except lab.client("lambda").exceptions.ResourceNotFoundException:
        return []
    return t.cast("list[dict[str, t.Any]]", json.loads(policy)["Statement"])


def test_add_and_add_again(permission: t.Any, lab: t.Any) -> None:
    assert permission.predicted(**OPTIONS).changed
    assert [each["Sid"] for each in statements(lab)] == ["rule"]
    permission.settled(**OPTIONS)


def test_check_mode_adds_nothing(permission: t.Any, lab: t.Any) -> None:
    assert permission.ok(check=True, **OPTIONS).changed
    assert statements(lab) == []


def test_another_source_replaces_the_statement_and_others_stay(permission: t.Any, lab: t.Any) -> None:
    permission.ok(**{**OPTIONS, "name": "other"})
    permission.ok(**OPTIONS)
    assert permission.predicted(**{**OPTIONS, "source_arn": RULE + "-two"}).changed
    found = {each["Sid"]: str(each["Condition"]) for each in statements(lab)}
    assert "reaper-two" in found["rule"] and "reaper-two" not in found["other"]


def test_nobody_is_let_in_without_a_source(permission: t.Any, faults: t.Any) -> None:
    faults.forget_calls()
    assert "source_arn" in permission.refused(name="rule", function="reaper", principal="events.amazonaws.com")
    assert faults.calls() == []


def test_a_denial_names_the_missing_action(permission: t.Any, faults: t.Any) -> None:
    faults.add("lambda", "AddPermission", "AccessDeniedException", status=403, message="not today")
    assert "lambda:AddPermission" in permission.refused(**OPTIONS)


def test_throttling_and_lost_answers_are_ridden_out(permission: t.Any, lab: t.Any, faults: t.Any) -> None:
    faults.add("lambda", "AddPermission", "TooManyRequestsException", status=429, times=2)
    faults.lose("lambda", "AddPermission")
    assert permission.ok(**OPTIONS).changed
    assert len(statements(lab)) == 1


def test_remove_and_remove_again_also_of_no_function(permission: t.Any, lab: t.Any) -> None:
    permission.ok(**OPTIONS)
    assert permission.predicted(name="rule", function="reaper", state="absent").changed
    assert statements(lab) == []
    permission.settled(name="rule", function="reaper", state="absent")
    permission.settled(name="rule", function="no-such", state="absent")
