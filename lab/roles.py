"""What an AWS service does with a role: it assumes it, if it trusts the service, and calls AWS with its rights."""

from __future__ import annotations

import typing as t

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from lab.compute import policy
from lab.context import LabContext

# A service that calls for somebody repeats nothing by itself.
ONCE = Config(retries={"total_max_attempts": 1})


class NotAssumed(Exception):
    """The service cannot have this role."""


def trusted(ctx: LabContext, role_arn: str, service: str) -> bool:
    """Whether the role is there and lets the service assume it."""
    try:
        role = ctx.client("iam").get_role(RoleName=role_arn.rpartition("/")[2])["Role"]
    except ClientError:
        return False
    return policy.trusts(role["AssumeRolePolicyDocument"], service)


def may(ctx: LabContext, role_arn: str, action: str, resource: str) -> bool:
    """Whether the role's policies allow this, on this resource."""
    try:
        documents = policy.documents_of_role(ctx.client("iam"), role_arn.rpartition("/")[2])
    except ClientError:
        return False
    return policy.allows(documents, action, resource)


def credentials(ctx: LabContext, role_arn: str, service: str, session: str) -> dict[str, str]:
    if not trusted(ctx, role_arn, service):
        raise NotAssumed(f"{service} is unable to assume role {role_arn}")
    answer = ctx.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=session[:64])
    return t.cast("dict[str, str]", answer["Credentials"])


def client(ctx: LabContext, given: dict[str, str], service: str, region: str) -> t.Any:
    session = boto3.session.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        region_name=region,
    )
    return session.client(service, endpoint_url=ctx.endpoint_url, config=ONCE)
