"""Which key a request shows, and what it says of itself. Pure.

Whether the key is one, and what it may still do, is for the gateway to say, which has the usage plans: every request is
let through to that check, with its key or without one.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
"""

from __future__ import annotations

import re
import typing as t

# What is told of a request: the name in `$context.authorizer` -> the header, and how long it may be, as in the engine's
# record.
TOLD = {"source": ("x-llm-source", 128), "user": ("x-llm-user", 128), "requestType": ("x-llm-request-type", 64)}
PRINCIPAL = "client"
# "API key value … must be between 20 and 128 characters": https://docs.aws.amazon.com/apigateway/latest/api/API_CreateApiKey.html
_KEY = re.compile(r"[!-~]{20,128}")
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([!-~]+) *")
# API Gateway puts a value between the quotes of a log line as it is.
_BREAKS_A_LINE = re.compile(r'["\\]')


def decide(event: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The authorizer's answer; never the reason of a refusal, which the gateway gives better."""
    headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    answer: dict[str, t.Any] = {
        "principalId": PRINCIPAL,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": event["methodArn"]}],
        },
        "context": {
            name: said for name, (header, most) in TOLD.items() if (said := visible(headers.get(header, ""), most))
        },
    }
    key = key_of(headers)
    if key:
        answer["usageIdentifierKey"] = key
    return answer


def key_of(headers: t.Mapping[str, str]) -> str:
    """The key, or nothing where there is none that could be one.

    x-api-key comes first: a client from before sends its key there, and a stock client's placeholder beside it.
    """
    given = headers.get("x-api-key", "").strip()
    if not given:
        bearer = _BEARER.fullmatch(headers.get("authorization", "").strip())
        given = bearer[1] if bearer else ""
    return given if _KEY.fullmatch(given) else ""


def visible(text: str, most: int) -> str:
    """What a client wrote, fit for a line of a log."""
    seen = "".join(sign if sign.isprintable() else " " for sign in text[:most])
    return _BREAKS_A_LINE.sub("'", seen).strip()
