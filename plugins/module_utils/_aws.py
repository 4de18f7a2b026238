# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""How this collection calls AWS: one decorated function per API call, and failures that say what to do."""

from __future__ import annotations

import functools
import inspect
import re
import typing as t

try:
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        EndpointConnectionError,
        NoCredentialsError,
        PartialCredentialsError,
    )
except ImportError:  # AnsibleAWSModule reports a missing SDK.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from ._iam.actions import IMPLIED, action_of

F = t.TypeVar("F", bound=t.Callable[..., t.Any])

DENIED_CODES = frozenset(
    {
        # All that a HEAD is answered. https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "AuthorizationError",
        "AuthorizationErrorException",
        "NotAuthorized",
        "UnauthorizedException",
        "UnauthorizedOperation",
    }
)

_ENCODED = re.compile(r"[Ee]ncoded authorization failure message: ?\S+")

# "User: … is not authorized to perform: logs:PutRetentionPolicy on resource: arn:… because …"
_NAMED_ACTION = re.compile(r"not authorized to perform:? (?P<action>[\w-]+:\w+)(?: on resource:? (?P<resource>\S+))?")

# All that Secrets Manager says where its caller may use the secret, not the KMS key behind it.
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
_NO_KMS = "Access to KMS is not allowed"


class AwsCallError(AnsibleAWSError):
    """An AWS call failed; the message says what was tried, what AWS answered and, when denied, what is missing."""


class InvalidInput(Exception):
    """What was asked for cannot be done; nothing has been touched."""


def iam_action(client: t.Any, operation: str) -> str:
    """The IAM action that an operation of this client needs; one of API Gateway is a verb on a path."""
    model = client.meta.service_model
    return action_of(model.signing_name, operation, model.operation_model(operation).http)


def members_of(client: t.Any, operation: str) -> frozenset[str]:
    """What an operation's request can have, as far as the SDK knows."""
    return frozenset(client.meta.service_model.operation_model(operation).input_shape.members)


def explain(client: t.Any, error: Exception) -> str:
    """What AWS answered, in one sentence, with the way out where there is one."""
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        return (
            f"no usable AWS credentials: {error}. "
            "Set AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with 'aws sso login'"
        )
    if isinstance(error, EndpointConnectionError):
        return f"{error}. Check the region, AWS_ENDPOINT_URL and the network"
    if not isinstance(error, ClientError):
        return str(error)
    code = error.response.get("Error", {}).get("Code", "")
    message = error.response.get("Error", {}).get("Message", "") or str(error)
    if code not in DENIED_CODES:
        return f"{code}: {message}"
    return f"{code}: {message}. {_what_is_missing(client, error.operation_name, message)}"


def _what_is_missing(client: t.Any, operation: str, message: str) -> str:
    """The action and its resource, as AWS names them; else the call's own, and what it may lack besides."""
    encoded = _ENCODED.search(message)
    # EC2's message says more to those who may read it.
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
    decode = (
        " The rest of the message is encoded: 'aws sts decode-authorization-message --encoded-message' reads it, "
        "for which the caller needs sts:DecodeAuthorizationMessage"
        if encoded
        else ""
    )
    if _NO_KMS in message:
        actions = "kms:Decrypt" if operation == "GetSecretValue" else "kms:GenerateDataKey or kms:Decrypt"
        return (
            f"The caller lacks the IAM action {actions} on the KMS key of the secret: "
            "its own policies and the key's have to allow it"
        )
    named = _NAMED_ACTION.search(message)
    if named:
        resource = f" on {named['resource'].rstrip('.,')}" if named["resource"] else ""
        return f"The caller lacks the IAM action {named['action']}{resource}.{decode}".removesuffix(".")
    action = iam_action(client, operation)
    others = sorted({implied.action for implied in IMPLIED.get(action, ())})
    besides = f", or one that it implies: {', '.join(others)}" if others else ""
    # Names of buckets are given once in the world.
    theirs = ", or the name belongs to another account's bucket" if operation == "HeadBucket" else ""
    return f"The caller lacks the IAM action {action}{besides}{theirs}.{decode}".removesuffix(".")


def error_code(error: BaseException | None) -> str:
    """The AWS error code behind a failure, empty where AWS has not answered."""
    cause = error.exception if isinstance(error, AnsibleAWSError) else error
    return cause.response.get("Error", {}).get("Code", "") if isinstance(cause, ClientError) else ""


class _Named(dict[str, t.Any]):
    """What a description may name; one that a request lacks must not hide what AWS answered."""

    def __missing__(self, name: str) -> str:
        return f"({name})"


def aws_call(description: str, *, missing: t.Collection[str] = (), default: t.Any = None) -> t.Callable[[F], F]:
    """Decorate a function that makes one AWS call with its first argument, a client.

    The description completes "Failed to …" and may name the function's arguments in braces. Error codes in
    `missing` say that the resource is not there: the call then returns `default`. Throttling is not seen here,
    the client retries it.
    """

    def decorate(function: F) -> F:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def caller(client: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            try:
                return function(client, *args, **kwargs)
            except (ClientError, BotoCoreError) as error:
                if error_code(error) in missing:
                    return default
                bound = signature.bind(client, *args, **kwargs)
                # What was left out may be named, too.
                bound.apply_defaults()
                what = description.format_map(_Named(bound.arguments, **(bound.arguments.get("request") or {})))
                raise AwsCallError(message=f"Failed to {what}: {explain(client, error)}", exception=error) from error

        return t.cast(F, caller)

    return decorate


__all__ = (
    *("DENIED_CODES", "AwsCallError", "InvalidInput", "aws_call", "error_code", "explain", "iam_action"),
    "members_of",
)
