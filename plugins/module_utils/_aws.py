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

F = t.TypeVar("F", bound=t.Callable[..., t.Any])

DENIED_CODES = frozenset(
    {
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

# "User: … is not authorized to perform: logs:PutRetentionPolicy on resource: arn:… because …"
_NAMED_ACTION = re.compile(r"not authorized to perform:? (?P<action>[\w-]+:\w+)(?: on resource:? (?P<resource>\S+))?")


class AwsCallError(AnsibleAWSError):
    """An AWS call failed; the message says what was tried, what AWS answered and, when denied, what is missing."""


class InvalidInput(Exception):
    """What was asked for cannot be done; nothing has been touched."""


def iam_action(client: t.Any, operation: str) -> str:
    """The IAM action that an operation of this client needs."""
    model = client.meta.service_model
    signing_name = model.signing_name
    if signing_name == "apigateway":
        # API Gateway's actions are HTTP verbs; the resource tells the operations apart.
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
        http = model.operation_model(operation).http
        return f"apigateway:{http['method']} (on {http['requestUri']})"
    return f"{signing_name}:{operation}"


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
    named = _NAMED_ACTION.search(message)
    action = named["action"] if named else iam_action(client, error.operation_name)
    resource = f" on {named['resource']}" if named and named["resource"] else ""
    return f"{code}: {message}. The caller lacks the IAM action {action}{resource}"


def error_code(error: BaseException | None) -> str:
    """The AWS error code behind a failure, empty where AWS has not answered."""
    cause = error.exception if isinstance(error, AnsibleAWSError) else error
    return cause.response.get("Error", {}).get("Code", "") if isinstance(cause, ClientError) else ""


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
                arguments = signature.bind(client, *args, **kwargs).arguments
                what = description.format(**{**arguments, **arguments.get("request", {})})
                raise AwsCallError(message=f"Failed to {what}: {explain(client, error)}", exception=error) from error

        return t.cast(F, caller)

    return decorate


__all__ = ("DENIED_CODES", "AwsCallError", "InvalidInput", "aws_call", "error_code", "explain", "iam_action")
