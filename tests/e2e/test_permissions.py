"""Each playbook with nothing but its operator's policy: the lab refuses what the policy does not allow."""

from __future__ import annotations

import fnmatch
import functools
import json
import os
import typing as t
import urllib.request
from pathlib import Path

import boto3
import botocore.session
import pytest
from ansible_collections.central.llm.plugins.module_utils._iam.actions import action_of

from .playing import Run, play
from .test_lifecycle import forget_calls, inventory
from .test_lifecycle import lab as lab

# No permission is needed to ask who one is.
FREE = {"sts:GetCallerIdentity"}

# Whatever can be changed in place, so that the calls that change something are seen too.
CHANGES = {
    "llm_gateway_rate_limit": 6,
    "llm_gateway_log_retention_days": 30,
    "llm_gateway_routes": [{"path": "/v1/chat/completions", "method": "POST"}],
    "llm_network_legacy_groups": ["former-path"],
    "llm_balancer_idle_timeout": 900,
    "llm_balancer_health_interval": 15,
    "llm_balancer_deregistration_delay": 6,
    "llm_host_root_size": 120,
    "llm_service_stop_timeout": 50,
    "llm_service_log_retention_days": 14,
    "llm_tags": {"owner": "tests"},
    "llm_identity_aws_managed_policies": True,
}


class Operator(t.NamedTuple):
    environment: dict[str, str]
    key_id: str
    policies: Path

    def becomes(self, playbook: str) -> None:
        """Take all policies away and give the one of this playbook."""
        iam = boto3.client("iam")
        for name in iam.list_user_policies(UserName="operator")["PolicyNames"]:
            iam.delete_user_policy(UserName="operator", PolicyName=name)
        for path in self.files(playbook):
            iam.put_user_policy(UserName="operator", PolicyName=path.stem, PolicyDocument=path.read_text())

    def files(self, playbook: str) -> list[Path]:
        return sorted(self.policies.glob(f"central-llm-operator-{playbook}*.json"))

    def granted(self, playbook: str) -> dict[str, list[str]]:
        """The resources of each action."""
        found: dict[str, list[str]] = {}
        for path in self.files(playbook):
            for statement in json.loads(path.read_text())["Statement"]:
                for action in statement["Action"]:
                    found.setdefault(action, []).extend(statement["Resource"])
        return found

    def called(self) -> set[str]:
        """The actions of the calls that were made with the operator's key."""
        with urllib.request.urlopen(f"{self.environment['AWS_ENDPOINT_URL']}/_lab/calls", timeout=10) as answer:
            calls = json.loads(answer.read())
        made = {(call["service"], call["operation"]) for call in calls if call["access_key"] == self.key_id}
        return {action_of_call(*call) for call in made} - FREE

    def as_administrator(self) -> dict[str, str]:
        keys = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
        return {**self.environment, **{name: os.environ[name] for name in keys}}


@functools.cache
def model_of(service: str) -> t.Any:
    return botocore.session.get_session().get_service_model(service)


def action_of_call(service: str, operation: str) -> str:
    model = model_of(service)
    return action_of(model.signing_name, operation, model.operation_model(operation).http)


def not_granted(called: set[str], granted: dict[str, list[str]]) -> set[str]:
    """The actions that the policy lacks; a path of API Gateway must be one of its resources."""
    lacking = set()
    for action in called:
        name, _space, path = action.partition(" ")
        resources = granted.get(name, [])
        if not resources or (path and not any(fnmatch.fnmatchcase(path, r.partition("::")[2]) for r in resources)):
            lacking.add(action)
    return lacking


def written(lab: dict[str, str], folder: Path, **variables: t.Any) -> Path:
    """The folder with the policies of a stack with these settings."""
    arguments = json.dumps({"llm_identity_operator_directory": str(folder), **variables})
    run = play(lab, "../tests/e2e/operator", "-e", arguments)
    assert run.status == 0, run.output
    return folder


@pytest.fixture(scope="module")
def operator(lab: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Operator:
    folder = written(lab, tmp_path_factory.mktemp("policies"))
    iam = boto3.client("iam")
    iam.create_user(UserName="operator")
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    environment = {
        **lab,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    return Operator(environment, key["AccessKeyId"], folder)


def runs(operator: Operator, policy: str, playbook: str, *arguments: str) -> tuple[Run, set[str]]:
    operator.becomes(policy)
    forget_calls(operator.environment)
    run = play(operator.environment, playbook, *arguments)
    called = operator.called()
    assert run.status == 0, run.output
    assert called
    assert not_granted(called, operator.granted(policy)) == set()
    return run, called


def test_what_is_missing_is_said_before_the_first_write(operator: Operator) -> None:
    operator.becomes("status")
    boto3.client("iam").put_user_policy(
        UserName="operator",
        PolicyName="simulate",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "iam:SimulatePrincipalPolicy", "Resource": "*"}],
            }
        ),
    )
    forget_calls(operator.environment)
    run = play(operator.environment, "up")
    assert run.status != 0
    output = " ".join(run.output.split())
    assert "operator lacks what up needs" in output
    assert "ecs:CreateService on arn:aws:ecs:eu-central-1:123456789012:" in output
    assert "apigateway:POST on arn:aws:apigateway:eu-central-1::/apikeys" in output
    assert "dynamodb:DescribeTable on" not in output
    writes = [
        action
        for action in operator.called()
        if not action.partition(":")[2].startswith(("Describe", "Get", "List", "GET", "Simulate"))
    ]
    assert writes == []


def test_up_is_allowed_what_it_calls(operator: Operator) -> None:
    run, _called = runs(operator, "up", "up")
    assert run.changed > 10
    assert "The permissions were not checked" not in run.output


def test_status_is_allowed_what_it_calls(operator: Operator, tmp_path: Path) -> None:
    run, called = runs(operator, "status", "status", "-e", f"llm_reference_folder={tmp_path}")
    assert "could not be looked at" not in run.output
    assert " 0 differ from the inventory, 0 are missing" in run.output
    # What the page of reference ids looks up, and the resources of every room.
    assert called >= {"ec2:DescribeImages", "ec2:DescribeSecurityGroupRules", "iam:GetRole", "dynamodb:DescribeTable"}


def test_down_is_allowed_what_it_calls(operator: Operator) -> None:
    runs(operator, "down", "down")
    assert inventory(operator.environment)["hosts"] == []


def test_up_is_allowed_to_change_what_there_is(operator: Operator) -> None:
    # The rooms that up lists, without a session: no engine need load for this.
    rooms = ["state", "network", "identity", "host", "balancer", "service", "gateway"]
    ec2 = boto3.client("ec2")
    vpc_id = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    ec2.create_security_group(GroupName="former-path", Description="x", VpcId=vpc_id)
    arguments = json.dumps({"entry_point": "main", "rooms": rooms, **CHANGES})
    _run, called = runs(operator, "up", "../tests/e2e/rooms", "-e", arguments)
    assert called >= {
        "apigateway:GET /vpclinks",
        "apigateway:PATCH /usageplans/*",
        "ec2:CreateLaunchTemplateVersion",
        "ec2:DeleteSecurityGroup",
        "ec2:DescribeNetworkInterfaces",
        "ecs:RegisterTaskDefinition",
        "elasticloadbalancing:ModifyTargetGroupAttributes",
        "iam:AttachRolePolicy",
        "iam:DeleteRolePolicy",
        "iam:TagRole",
    }


def test_teardown_is_allowed_what_it_calls(operator: Operator) -> None:
    run, called = runs(operator, "teardown", "teardown", "-e", "llm_teardown=central-llm")
    assert "The permissions were not checked" not in run.output
    assert "iam:SimulatePrincipalPolicy" in called
    assert inventory(operator.environment)["apis"] == []
    roles = [role["RoleName"] for role in boto3.client("iam").list_roles()["Roles"]]
    assert [name for name in roles if name.startswith("central-llm")] == []


def test_a_vpc_of_the_stacks_own_is_foretold_made_changed_and_removed(operator: Operator, tmp_path: Path) -> None:
    policies = written(operator.as_administrator(), tmp_path, llm_network_create_vpc=True)

    def called(policy: str, entry_point: str, *egresses: str) -> set[str]:
        arguments = json.dumps({"entry_point": entry_point, "egresses": egresses})
        return runs(operator._replace(policies=policies), policy, "../tests/e2e/own_vpc", "-e", arguments)[1]

    looks = {"ec2:DescribeAddresses", "ec2:DescribeNatGateways", "ec2:DescribeRouteTables", "ec2:DescribeVpcEndpoints"}
    assert called("status", "drift", "nat") >= looks
    creations = {"ec2:AllocateAddress", "ec2:CreateNatGateway", "ec2:CreateRoute", "ec2:CreateVpc"}
    changes = {"ec2:CreateVpcEndpoint", "ec2:DeleteNatGateway", "ec2:ReleaseAddress"}
    assert called("up", "main", "nat", "endpoints") >= creations | changes
    removals = {"ec2:DeleteSubnet", "ec2:DeleteVpc", "ec2:DeleteVpcEndpoints", "ec2:DetachInternetGateway"}
    assert called("teardown", "absent", "endpoints") >= removals
