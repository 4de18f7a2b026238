"""Where a container's secrets come from: Secrets Manager and the SSM parameter store.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
"""

from __future__ import annotations

import json
import typing as t

from botocore.exceptions import ClientError

ClientOf = t.Callable[[str, str], t.Any]


class SecretError(Exception):
    """A secret could not be had; the message is what ECS says."""


def resolve(value_from: str, region: str, client_of: ClientOf) -> str:
    """The value behind a `valueFrom`."""
    try:
        if ":secretsmanager:" in value_from:
            return _from_secrets_manager(value_from, client_of)
        return _from_parameter_store(value_from, region, client_of)
    except ClientError as error:
        what = error.response["Error"]
        source = "asm" if ":secretsmanager:" in value_from else "ssm"
        raise SecretError(
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
            f"failed: unable to retrieve secret from {source}: {what['Code']}: {what['Message']}"
        ) from error


def _from_secrets_manager(arn: str, client_of: ClientOf) -> str:
    # arn:aws:secretsmanager:region:account:secret:name-AbCdEf[:json-key[:version-stage[:version-id]]]
    parts = arn.split(":")
    secret, (key, stage, version) = ":".join(parts[:7]), ([*parts[7:], "", "", ""])[:3]
    request = {"SecretId": secret}
    if stage:
        request["VersionStage"] = stage
    if version:
        request["VersionId"] = version
    text = str(client_of("secretsmanager", parts[3]).get_secret_value(**request)["SecretString"])
    if not key:
        return text
    try:
        return str(json.loads(text)[key])
    except (ValueError, KeyError, TypeError) as error:
        raise SecretError(
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
            f"failed: unable to retrieve secret from asm: retrieved secret from Secrets Manager did "
            f"not contain json key {key}"
        ) from error


def _from_parameter_store(name: str, region: str, client_of: ClientOf) -> str:
    if name.startswith("arn:"):
        region = name.split(":")[3]
        name = name.split(":parameter", 1)[1]
    answer = client_of("ssm", region).get_parameter(Name=name, WithDecryption=True)
    return str(answer["Parameter"]["Value"])
