from __future__ import annotations

import json
import typing as t

import pytest

USER = "arn:aws:iam::123456789012:user/operator"
SERVICE = "arn:aws:ecs:eu-central-1:123456789012:service/mine/mine"


def document(*statements: dict[str, t.Any]) -> str:
    filled = [{"Effect": "Allow", "Resource": "*", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": filled})


@pytest.fixture
def permissions(run_module: t.Any) -> t.Any:
    return run_module("iam_permissions_info")


@pytest.fixture
def key(lab: t.Any) -> dict[str, str]:
    """A user that may simulate, scale one service, pass a role to ECS, and must not delete the service."""
    iam = lab.client("iam")
    iam.create_user(UserName="operator")
    statements = (
        {"Action": ["iam:SimulatePrincipalPolicy", "ecs:ListTasks"]},
        {"Action": ["ecs:UpdateService", "ecs:DeleteService"], "Resource": SERVICE},
        {"Action": "iam:PassRole", "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}},
        {"Effect": "Deny", "Action": "ecs:DeleteService"},
    )
    iam.put_user_policy(UserName="operator", PolicyName="p", PolicyDocument=document(*statements))
    made = iam.create_access_key(UserName="operator")["AccessKey"]
    return {"access_key": made["AccessKeyId"], "secret_key": made["SecretAccessKey"]}


def test_what_is_missing(permissions: t.Any, key: dict[str, str]) -> None:
    outcome = permissions.ok(
        checks=[
            {"actions": ["ecs:UpdateService", "ecs:DeleteService"], "resources": [SERVICE, f"{SERVICE}-2"]},
            {"actions": ["ecs:UpdateService"], "resources": [f"{SERVICE}-2"]},
            {"actions": ["ecs:ListTasks", "ecs:ListClusters"]},
        ],
        **key,
    )
    assert (outcome["principal"], outcome["simulated"], outcome.changed) == (USER, True, False)
    assert outcome["missing"] == [
        {
            "action": "ecs:DeleteService",
            "resource": SERVICE,
            "decision": "explicitDeny",
            "reason": "a policy denies it",
        },
        {
            "action": "ecs:UpdateService",
            "resource": f"{SERVICE}-2",
            "decision": "implicitDeny",
            "reason": "no policy allows it",
        },
        {"action": "ecs:ListClusters", "resource": "*", "decision": "implicitDeny", "reason": "no policy allows it"},
    ]


def test_conditions_are_part_of_the_question(permissions: t.Any, key: dict[str, str]) -> None:
    check = {"actions": ["iam:PassRole"], "resources": ["arn:aws:iam::123456789012:role/x"]}
    passed = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    assert permissions.ok(checks=[{**check, "context": passed}], **key)["missing"] == []
    assert len(permissions.ok(checks=[check], **key)["missing"]) == 1


def test_check_mode_is_the_same(permissions: t.Any, key: dict[str, str]) -> None:
    checks = [{"actions": ["ecs:ListTasks", "ecs:ListClusters"]}]
    assert permissions.ok(check=True, checks=checks, **key) == permissions.ok(checks=checks, **key)


def test_the_session_of_a_role_has_the_role_with_its_path(permissions: t.Any, lab: t.Any) -> None:
    iam = lab.client("iam")
    trust = document({"Action": "sts:AssumeRole", "Principal": {"AWS": "*"}})
    made = iam.create_role(RoleName="ops", Path="/aws-reserved/", AssumeRolePolicyDocument=trust)["Role"]
    allowed = document({"Action": ["iam:GetRole", "iam:SimulatePrincipalPolicy", "sqs:SendMessage"]})
    iam.put_role_policy(RoleName="ops", PolicyName="p", PolicyDocument=allowed)
    session = lab.client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="me")["Credentials"]
    outcome = permissions.ok(
        checks=[{"actions": ["sqs:SendMessage", "sqs:CreateQueue"]}],
        access_key=session["AccessKeyId"],
        secret_key=session["SecretAccessKey"],
        session_token=session["SessionToken"],
    )
    assert outcome["principal"] == made["Arn"]
    assert [found["action"] for found in outcome["missing"]] == ["sqs:CreateQueue"]


def test_who_may_not_simulate_is_warned(permissions: t.Any, key: dict[str, str], faults: t.Any) -> None:
    faults.add("iam", "SimulatePrincipalPolicy", "AccessDenied", status=403, message="no")
    outcome = permissions.ok(checks=[{"actions": ["ecs:ListClusters"]}], **key)
    assert (outcome["simulated"], outcome["missing"]) == (False, [])
    assert any("lacks iam:SimulatePrincipalPolicy" in warning for warning in outcome["warnings"])


def test_who_cannot_be_simulated_is_warned(permissions: t.Any, lab: t.Any, faults: t.Any) -> None:
    # The lab's own key is nobody that IAM knows.
    caller = lab.client("sts").get_caller_identity()["Arn"]
    faults.forget_calls()
    outcome = permissions.ok(checks=[{"actions": ["ecs:ListClusters"]}])
    assert not outcome["simulated"] and outcome["missing"] == []
    assert any(caller in warning or "IAM finds no" in warning for warning in outcome["warnings"])


def test_actions_that_the_simulator_takes_only_alone(permissions: t.Any, key: dict[str, str], faults: t.Any) -> None:
    faults.add("iam", "SimulatePrincipalPolicy", "InvalidInput", message="require different authorization information")
    outcome = permissions.ok(checks=[{"actions": ["ecs:ListTasks", "ecs:ListClusters"]}], **key)
    assert [found["action"] for found in outcome["missing"]] == ["ecs:ListClusters"]
    assert faults.calls().count("SimulatePrincipalPolicy") == 3


def test_many_actions_are_asked_in_batches(permissions: t.Any, key: dict[str, str], faults: t.Any) -> None:
    faults.forget_calls()
    outcome = permissions.ok(checks=[{"actions": [f"sqs:Action{number}" for number in range(120)]}], **key)
    assert len(outcome["missing"]) == 120
    assert faults.calls().count("SimulatePrincipalPolicy") == 3


def test_throttling_is_ridden_out(permissions: t.Any, key: dict[str, str], faults: t.Any) -> None:
    faults.add("iam", "SimulatePrincipalPolicy", "Throttling", times=2)
    assert permissions.ok(checks=[{"actions": ["ecs:ListTasks"]}], **key)["simulated"]


@pytest.mark.parametrize("check", [{"actions": ["UpdateService"]}, {"actions": ["ecs:*"]}, {"actions": []}])
def test_bad_input_asks_nothing(permissions: t.Any, lab: t.Any, faults: t.Any, check: dict[str, t.Any]) -> None:
    faults.forget_calls()
    assert "action" in permissions.refused(checks=[check])
    assert faults.calls() == []
