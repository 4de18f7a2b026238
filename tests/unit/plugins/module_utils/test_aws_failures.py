from __future__ import annotations

import ast
import string
import typing as t
from pathlib import Path

import boto3
import pytest
from ansible_collections.central.llm.plugins.module_utils._aws import AwsCallError, aws_call, explain, iam_action
from botocore.exceptions import ClientError

ROOT = Path(__file__).parents[4]


def client(service: str) -> t.Any:
    return boto3.client(service, region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="y")


def denied(operation: str, message: str, code: str = "AccessDeniedException") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("logs", "PutRetentionPolicy", "logs:PutRetentionPolicy"),
        ("elbv2", "CreateListener", "elasticloadbalancing:CreateListener"),
        ("cloudwatch", "PutDashboard", "cloudwatch:PutDashboard"),
        ("resourcegroupstaggingapi", "GetResources", "tag:GetResources"),
        ("s3", "HeadBucket", "s3:ListBucket"),
        ("lambda", "Invoke", "lambda:InvokeFunction"),
        ("apigateway", "UpdateUsagePlan", "apigateway:PATCH /usageplans/*"),
        ("apigateway", "CreateStage", "apigateway:POST /restapis/*/stages"),
        ("apigateway", "TagResource", "apigateway:PUT /tags/*"),
        ("apigatewayv2", "CreateVpcLink", "apigateway:POST /vpclinks"),
    ],
)
def test_the_action_of_an_operation(service: str, operation: str, action: str) -> None:
    assert iam_action(client(service), operation) == action


def test_what_aws_names_is_said() -> None:
    message = (
        "User: arn:aws:iam::1:user/me is not authorized to perform: iam:PassRole on resource: "
        "arn:aws:iam::1:role/x because no identity-based policy allows the iam:PassRole action"
    )
    said = explain(client("ecs"), denied("RegisterTaskDefinition", message))
    assert said.endswith("The caller lacks the IAM action iam:PassRole on arn:aws:iam::1:role/x")


def test_what_aws_does_not_name_is_the_call_and_what_it_implies() -> None:
    said = explain(client("ecs"), denied("RegisterTaskDefinition", "not today"))
    assert "ecs:RegisterTaskDefinition, or one that it implies: ecs:TagResource, iam:PassRole" in said
    said = explain(client("logs"), denied("PutRetentionPolicy", "not today"))
    assert said.endswith("The caller lacks the IAM action logs:PutRetentionPolicy")


def test_an_encoded_message_is_decoded_how() -> None:
    message = "You are not authorized to perform this operation. Encoded authorization failure message: AbC-_123"
    said = explain(client("ec2"), denied("CreateFleet", message, "UnauthorizedOperation"))
    assert "ec2:CreateFleet, or one that it implies: ec2:CreateTags, ec2:RunInstances" in said
    assert "aws sts decode-authorization-message" in said and "sts:DecodeAuthorizationMessage" in said


def test_a_named_action_beside_an_encoded_message() -> None:
    message = (
        "You are not authorized to perform this operation. User: arn:aws:iam::1:user/me is not authorized to perform: "
        "ec2:RunInstances on resource: arn:aws:ec2:eu-central-1:1:instance/* because no identity-based policy allows "
        "the ec2:RunInstances action. Encoded authorization failure message: AbC"
    )
    said = explain(client("ec2"), denied("CreateFleet", message, "UnauthorizedOperation"))
    assert "lacks the IAM action ec2:RunInstances on arn:aws:ec2:eu-central-1:1:instance/*. The rest" in said


@pytest.mark.parametrize(
    ("operation", "actions"),
    [("GetSecretValue", "kms:Decrypt"), ("PutSecretValue", "kms:GenerateDataKey or kms:Decrypt")],
)
def test_a_secret_whose_kms_key_is_not_the_callers_to_use(operation: str, actions: str) -> None:
    said = explain(client("secretsmanager"), denied(operation, "Access to KMS is not allowed"))
    assert f"lacks the IAM action {actions} on the KMS key of the secret" in said
    assert "secretsmanager:" not in said


def test_a_bucket_that_is_denied_may_be_somebody_elses() -> None:
    said = explain(client("s3"), denied("HeadBucket", "Forbidden", "403"))
    assert said.endswith("lacks the IAM action s3:ListBucket, or the name belongs to another account's bucket")


def test_the_resource_of_the_request_is_named_where_aws_names_none() -> None:
    @aws_call("change the stage {name} of {api_id}")
    def change(client: t.Any, api_id: str, name: str) -> None:
        raise denied("UpdateStage", "no")

    with pytest.raises(AwsCallError) as caught:
        change(client("apigateway"), "a1", name="prod")
    assert "Failed to change the stage prod of a1" in caught.value.message
    assert "lacks the IAM action apigateway:PATCH /restapis/*/stages/*" in caught.value.message


def test_other_failures_are_left_as_they_are() -> None:
    assert explain(client("logs"), denied("PutRetentionPolicy", "bad", "ValidationException")) == (
        "ValidationException: bad"
    )


def test_what_is_left_out_of_a_call_is_named_all_the_same() -> None:
    @aws_call("list the {status} ones of {family}")
    def list_some(client: t.Any, family: str, status: str = "ACTIVE") -> None:
        raise ClientError({"Error": {"Code": "Boom", "Message": "no"}}, "ListTaskDefinitions")

    with pytest.raises(AwsCallError, match="Failed to list the ACTIVE ones of mine: Boom: no"):
        list_some(client("ecs"), "mine")


def test_what_a_request_lacks_does_not_hide_what_aws_answered() -> None:
    @aws_call("let {Principal} invoke {FunctionName}")
    def let(client: t.Any, request: dict[str, str]) -> None:
        raise ClientError({"Error": {"Code": "Boom", "Message": "no"}}, "AddPermission")

    with pytest.raises(AwsCallError, match=r"Failed to let \(Principal\) invoke mine: Boom: no"):
        let(client("lambda"), request={"FunctionName": "mine"})


def described() -> t.Iterator[tuple[str, ast.FunctionDef, str]]:
    """Each function that calls AWS, with what its failure says."""
    for path in sorted((ROOT / "plugins/module_utils").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            for decorator in node.decorator_list if isinstance(node, ast.FunctionDef) else []:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "aws_call":
                    yield f"{path.stem}.{node.name}", node, ast.literal_eval(decorator.args[0])


def test_every_failure_names_only_what_its_call_has() -> None:
    found = list(described())
    assert len(found) > 100
    for name, function, description in found:
        arguments = {each.arg for each in (*function.args.args, *function.args.kwonlyargs)}
        for _, field, _, _ in string.Formatter().parse(description):
            # A member of a request is named as AWS names it.
            assert not field or field in arguments or "request" in arguments, (name, field)
