"""The `$context` variables of a request, by their documented names, and the substitution of them in texts.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
"""

from __future__ import annotations

import base64
import os
import re
import typing as t
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

Variables = dict[str, str]
"""`$context.identity.sourceIp` is at `identity.sourceIp`."""

_REFERENCE = re.compile(
    r"\$(?P<brace>\{)?(?P<scope>context|stageVariables|method\.request\.(?:header|path|querystring))"
    r"\.(?P<name>[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*)(?(brace)\})"
)
_CONTEXT_NAME = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")
# What a client may choose as the request's id: anything printable that cannot break a log line.
_CLIENT_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


def new_extended_request_id() -> str:
    """Shaped like the ones of API Gateway (`JRZ1pHe5oAMF1zg=`): always made here, so that no client can forge it."""
    return base64.b64encode(os.urandom(11)).decode().replace("+", "-").replace("/", "_")


def request_id(client_given: str | None) -> str:
    """`$context.requestId`: "Clients can override this request ID", unlike the extended one."""
    if client_given and _CLIENT_REQUEST_ID.fullmatch(client_given):
        return client_given
    return str(uuid.uuid4())


def request_times(moment: float) -> Variables:
    """`requestTime` in the Common Log Format and `requestTimeEpoch` in milliseconds."""
    utc = datetime.fromtimestamp(moment, UTC)
    return {"requestTime": utc.strftime("%d/%b/%Y:%H:%M:%S +0000"), "requestTimeEpoch": str(int(moment * 1000))}


def render(
    text: str,
    variables: Mapping[str, str],
    *,
    missing: str,
    stage_variables: Mapping[str, str] | None = None,
    method_request: Callable[[str], str | None] = lambda _expression: None,
) -> str:
    """Replaces the references in a text. Nothing else of a template language is understood, as in AWS:
    gateway responses are "a non-VTL mapping template", and access log formats know `$context` only.
    """

    def value(found: re.Match[str]) -> str:
        scope, name, rest = found["scope"], found["name"], ""
        if scope == "context":
            # A hyphen ends a context variable's name, but may be part of a header's.
            whole = t.cast("re.Match[str]", _CONTEXT_NAME.match(name)).group()
            name, rest = whole, name[len(whole) :]
            given = variables.get(name)
        elif scope == "stageVariables":
            given = (stage_variables or {}).get(name)
        else:
            given = method_request(f"{scope}.{name}")
        return (missing if given is None else given) + rest

    return _REFERENCE.sub(value, text)
