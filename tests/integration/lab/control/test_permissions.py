"""Callers that IAM knows: what they may do, and what the policy simulator says about them."""

from __future__ import annotations

import json
import typing as t

import boto3
import pytest
from botocore.exceptions import ClientError
from helpers import refused

from lab.context import LabContext

Act = t.Callable[..., t.Any]


def document(*statements: dict[str, t.Any]) -> str:
    filled = [{"Effect": "Allow", "Resource": "*", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": filled})


@pytest.fixture
def user(lab: LabContext) -> t.Callable[..., Act]:
    """A user with a policy of these statements; returns what makes clients with its key."""

    def make(*statements: dict[str, t.Any]) -> Act:
        iam = lab.client("iam")
        iam.create_user(UserName="operator")
        if statements:
            iam.put_user_policy(UserName="operator", PolicyName="p", PolicyDocument=document(*statements))
        key = iam.create_access_key(UserName="operator")["AccessKey"]
        return lambda service: boto3.client(
            service,
            endpoint_url=lab.endpoint_url,
            region_name=lab.region,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )

    return make


def test_a_user_may_do_what_its_policies_allow(lab: LabContext, user: t.Any) -> None:
    client = user({"Action": ["ec2:Describe*", "logs:CreateLogGroup"]})
    assert client("ec2").describe_vpcs()["Vpcs"]
    client("logs").create_log_group(logGroupName="/x")
    assert refused(client("logs").delete_log_group, logGroupName="/x") == "AccessDeniedException"
    assert refused(client("ec2").create_security_group, GroupName="g", Description="d") == "UnauthorizedOperation"
    assert refused(client("iam").list_roles) == "AccessDenied"
    assert client("sts").get_caller_identity()["Arn"].endswith(":user/operator")
    # The lab's own key may do anything.
    lab.client("logs").delete_log_group(logGroupName="/x")


def test_a_user_without_policies_may_do_nothing(user: t.Any) -> None:
    assert refused(user()("ec2").describe_vpcs) == "UnauthorizedOperation"


def test_a_denial_names_caller_action_and_resource(user: t.Any) -> None:
    with pytest.raises(ClientError) as caught:
        user({"Action": "apigateway:GET", "Resource": "arn:aws:apigateway:*::/restapis"})("apigateway").get_api_keys()
    message = caught.value.response["Error"]["Message"]
    assert ":user/operator is not authorized to perform: apigateway:GET on resource: " in message
    assert "arn:aws:apigateway:eu-central-1::/apikeys" in message


def test_the_paths_of_api_gateway_are_resources(user: t.Any) -> None:
    client = user({"Action": "apigateway:GET", "Resource": "arn:aws:apigateway:*::/restapis*"})("apigateway")
    assert client.get_rest_apis()["items"] == []
    assert refused(client.create_rest_api, name="x") == "AccessDeniedException"


def test_a_deny_wins(user: t.Any) -> None:
    client = user({"Action": "*"}, {"Effect": "Deny", "Action": "ec2:DescribeVpcs"})
    assert refused(client("ec2").describe_vpcs) == "UnauthorizedOperation"
    assert client("ec2").describe_subnets()["Subnets"]


def test_an_assumed_role_has_the_policies_of_its_role(lab: LabContext) -> None:
    iam = lab.client("iam")
    iam.create_role(
        RoleName="ops",
        AssumeRolePolicyDocument=document({"Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}),
    )
    iam.put_role_policy(RoleName="ops", PolicyName="p", PolicyDocument=document({"Action": "ec2:DescribeVpcs"}))
    given = lab.client("sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/ops", RoleSessionName="me")
    credentials = given["Credentials"]
    ec2 = boto3.client(
        "ec2",
        endpoint_url=lab.endpoint_url,
        region_name=lab.region,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    assert ec2.describe_vpcs()["Vpcs"]
    assert refused(ec2.describe_subnets) == "UnauthorizedOperation"


def simulated(lab: LabContext, source: str, actions: list[str], **more: t.Any) -> dict[tuple[str, str], str]:
    pages = lab.client("iam").get_paginator("simulate_principal_policy")
    results = [
        result
        for page in pages.paginate(PolicySourceArn=source, ActionNames=actions, **more)
        for result in page["EvaluationResults"]
    ]
    return {(result["EvalActionName"], result["EvalResourceName"]): result["EvalDecision"] for result in results}


USER = "arn:aws:iam::123456789012:user/operator"


def test_the_simulator_evaluates_actions_and_resources(lab: LabContext, user: t.Any) -> None:
    user(
        {"Action": "s3:Get*", "Resource": "arn:aws:s3:::mine/*"},
        {"NotAction": ["s3:*", "iam:*"]},
        {"Effect": "Deny", "Action": "sqs:*", "Resource": "arn:aws:sqs:*:*:theirs"},
    )
    assert simulated(
        lab,
        USER,
        ["s3:GetObject", "sqs:SendMessage"],
        ResourceArns=["arn:aws:s3:::mine/x", "arn:aws:sqs:eu-central-1:1:theirs"],
    ) == {
        ("s3:GetObject", "arn:aws:s3:::mine/x"): "allowed",
        ("s3:GetObject", "arn:aws:sqs:eu-central-1:1:theirs"): "implicitDeny",
        ("sqs:SendMessage", "arn:aws:s3:::mine/x"): "allowed",
        ("sqs:SendMessage", "arn:aws:sqs:eu-central-1:1:theirs"): "explicitDeny",
    }
    assert simulated(lab, USER, ["iam:ListRoles"]) == {("iam:ListRoles", "*"): "implicitDeny"}


def test_the_simulator_knows_conditions(lab: LabContext, user: t.Any) -> None:
    user({"Action": "ec2:TerminateInstances", "Condition": {"StringEquals": {"aws:ResourceTag/stack": "ours"}}})
    entry = {"ContextKeyName": "aws:ResourceTag/stack", "ContextKeyType": "string"}
    for value, decision in (("ours", "allowed"), ("theirs", "implicitDeny")):
        found = simulated(
            lab, USER, ["ec2:TerminateInstances"], ContextEntries=[{**entry, "ContextKeyValues": [value]}]
        )
        assert list(found.values()) == [decision]
    assert list(simulated(lab, USER, ["ec2:TerminateInstances"]).values()) == ["implicitDeny"]


def test_the_simulator_counts_groups_and_attached_policies(lab: LabContext, user: t.Any) -> None:
    user()
    iam = lab.client("iam")
    iam.create_group(GroupName="operators")
    iam.add_user_to_group(GroupName="operators", UserName="operator")
    iam.put_group_policy(GroupName="operators", PolicyName="p", PolicyDocument=document({"Action": "sqs:*"}))
    made = iam.create_policy(PolicyName="m", PolicyDocument=document({"Action": "sns:Publish"}))
    iam.attach_user_policy(UserName="operator", PolicyArn=made["Policy"]["Arn"])
    found = simulated(lab, USER, ["sqs:SendMessage", "sns:Publish", "sns:Subscribe"])
    assert list(found.values()) == ["allowed", "allowed", "implicitDeny"]


def test_the_boundary_of_a_role_limits_it(lab: LabContext) -> None:
    iam = lab.client("iam")
    trust = document({"Action": "sts:AssumeRole", "Principal": {"AWS": "*"}})
    boundary = iam.create_policy(PolicyName="b", PolicyDocument=document({"Action": "sqs:*"}))["Policy"]["Arn"]
    iam.create_role(RoleName="ops", AssumeRolePolicyDocument=trust, PermissionsBoundary=boundary)
    iam.put_role_policy(RoleName="ops", PolicyName="p", PolicyDocument=document({"Action": ["sqs:*", "sns:*"]}))
    found = simulated(lab, "arn:aws:iam::123456789012:role/ops", ["sqs:SendMessage", "sns:Publish"])
    assert list(found.values()) == ["allowed", "implicitDeny"]


def test_the_simulator_gives_pages(lab: LabContext, user: t.Any) -> None:
    user({"Action": "sqs:*"})
    iam = lab.client("iam")
    page = iam.simulate_principal_policy(PolicySourceArn=USER, ActionNames=["sqs:A", "sqs:B", "sqs:C"], MaxItems=2)
    assert (len(page["EvaluationResults"]), page["IsTruncated"]) == (2, True)
    assert len(simulated(lab, USER, [f"sqs:Action{number}" for number in range(250)])) == 250


@pytest.mark.parametrize(
    ("source", "actions", "code"),
    [
        ("arn:aws:sts::123456789012:assumed-role/ops/me", ["sqs:SendMessage"], "InvalidInput"),
        ("arn:aws:iam::123456789012:root", ["sqs:SendMessage"], "InvalidInput"),
        ("arn:aws:iam::123456789012:role/nobody", ["sqs:SendMessage"], "NoSuchEntity"),
        ("arn:aws:iam::123456789012:user/operator", ["SendMessage"], "InvalidInput"),
    ],
)
def test_what_the_simulator_refuses(lab: LabContext, user: t.Any, source: str, actions: list[str], code: str) -> None:
    user()
    assert refused(lab.client("iam").simulate_principal_policy, PolicySourceArn=source, ActionNames=actions) == code
