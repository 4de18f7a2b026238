"""What a task's start is allowed to do: the execution role's policies, or the host's where AWS uses those."""

from __future__ import annotations

import typing as t

from botocore.exceptions import ClientError

from lab.compute import policy
from lab.compute.secret_values import SecretError

_UNABLE = "ResourceInitializationError: unable to pull secrets or registry auth:"


class Denied(Exception):
    """IAM refuses; the message names role and action."""


class ExecutionRole:
    """The roles by which a task gets its secrets and its log stream."""

    def __init__(self, iam: t.Any, execution_role_arn: str | None, instance_role: str | None, account_id: str) -> None:
        self._iam = iam
        self._execution_role_arn = execution_role_arn
        self._instance_role = instance_role
        self._account_id = account_id

    def _documents(self, role_name: str, service: str) -> list[policy.Document]:
        try:
            trust = self._iam.get_role(RoleName=role_name)["Role"]["AssumeRolePolicyDocument"]
            if not policy.trusts(trust, service):
                raise Denied(f"{service} is not trusted by role {role_name}")
            return policy.documents_of_role(self._iam, role_name)
        except ClientError as error:
            raise Denied(f"role {role_name}: {error.response['Error']['Message']}") from error

    def require(self, secrets: list[dict[str, str]]) -> None:
        """Secrets are fetched with the execution role, on EC2 too."""
        if not self._execution_role_arn:
            raise SecretError(f"{_UNABLE} the task definition has secrets but no executionRoleArn")
        role = self._execution_role_arn.rpartition("/")[2]
        try:
            documents = self._documents(role, "ecs-tasks.amazonaws.com")
        except Denied as error:
            raise SecretError(f"{_UNABLE} {error}") from error
        for secret in secrets:
            resource = secret["valueFrom"]
            is_secret = ":secretsmanager:" in resource
            action = "secretsmanager:GetSecretValue" if is_secret else "ssm:GetParameters"
            if is_secret:
                resource = ":".join(resource.split(":")[:7])
            elif not resource.startswith("arn:"):
                resource = f"arn:aws:ssm:*:{self._account_id}:parameter/{resource.lstrip('/')}"
            if not policy.allows(documents, action, resource):
                raise SecretError(
                    f"{_UNABLE} execution resource retrieval failed: AccessDeniedException: role {role} is not "
                    f"authorized to perform: {action} on resource: {resource}"
                )

    def require_logs(self, options: dict[str, str]) -> None:
        """The docker daemon of an EC2 host writes logs with the execution role where there is one, else the host's.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html#ec2-considerations
        """
        if self._execution_role_arn:
            role, trusted = self._execution_role_arn.rpartition("/")[2], "ecs-tasks.amazonaws.com"
        elif self._instance_role:
            role, trusted = self._instance_role, "ec2.amazonaws.com"
        else:
            raise Denied("neither the task nor its host has a role to write logs with")
        documents = self._documents(role, trusted)
        group = options.get("awslogs-group", "")
        resource = (
            f"arn:aws:logs:{options.get('awslogs-region', '*')}:{self._account_id}:log-group:{group}:log-stream:x"
        )
        wanted = ["logs:CreateLogStream", "logs:PutLogEvents"]
        if options.get("awslogs-create-group") == "true":
            wanted.append("logs:CreateLogGroup")
        for action in wanted:
            if not policy.allows(documents, action, resource):
                raise Denied(
                    "failed to initialize logging driver: failed to create Cloudwatch log stream: "
                    f"AccessDeniedException: role {role} is not authorized to perform: {action} on resource: {resource}"
                )
