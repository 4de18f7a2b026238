"""Lambda authorizers that see the request: API Gateway asks the function, and does what its answer says.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

import asyncio
import json
import time
import typing as t
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field

from lab.compute.policy import decide
from lab.edge.configuration import Stage
from lab.edge.errors import GatewayError
from lab.edge.exchange import Exchange
from lab.edge.routing import Match
from lab.functions.plane import NotInvoked
from lab.functions.sandbox import Outcome

ACTION = "execute-api:Invoke"
PRINCIPAL = "apigateway.amazonaws.com"

Invoke = Callable[[str, str, str, str], Outcome]
"""Runs a function: its ARN, the event, the service that calls it and for which of its resources."""


@dataclass(frozen=True)
class Answer:
    document: Mapping[str, t.Any]
    variables: Mapping[str, str]
    usage_key: str | None


@dataclass
class Authorizers:
    invoke: Invoke
    executor: Executor
    now: Callable[[], float] = time.monotonic
    _kept: dict[tuple[str, ...], tuple[float, Answer]] = field(default_factory=dict)

    async def authorize(self, exchange: Exchange, stage: Stage, match: Match, account_id: str) -> str | None:
        """Raises for a request that is not let through; the API key that the authorizer found for it, if any."""
        method = match.route.method
        kind = method.get("authorizationType") or "NONE"
        if kind == "NONE":
            return None
        if kind == "AWS_IAM":
            raise GatewayError("MISSING_AUTHENTICATION_TOKEN", reason="the lab's edge checks no signatures (AWS_IAM)")
        authorizer = stage.deployment.authorizers.get(method.get("authorizerId") or "")
        if authorizer is None:
            raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", reason=f"no authorizer for {kind}")
        called = f"arn:aws:execute-api:{stage.region}:{account_id}:{stage.api_id}"
        method_arn = f"{called}/{stage.name}/{exchange.client.http_method}{exchange.client.address.path}"
        answer = await self._answer(exchange, stage, match, authorizer, called, method_arn)
        exchange.variables.update(answer.variables)
        decision = decide([dict(answer.document)], ACTION, method_arn, {"aws:SourceIp": exchange.client.source_ip})
        if decision != "allowed":
            explicit = " with an explicit deny" if decision == "explicitDeny" else ""
            raise GatewayError("ACCESS_DENIED", f"User is not authorized to access this resource{explicit}")
        return answer.usage_key

    async def _answer(
        self, exchange: Exchange, stage: Stage, match: Match, authorizer: Mapping[str, t.Any], api: str, method_arn: str
    ) -> Answer:
        identity = identity_of(exchange, stage, authorizer)
        ttl = int(authorizer["authorizerResultTtlInSeconds"])
        if ttl and None in identity:
            # "… without calling the authorizer Lambda function", where results are kept.
            raise GatewayError("UNAUTHORIZED")
        key = (stage.api_id, stage.name, authorizer["id"], *(value or "" for value in identity))
        until, kept = self._kept.get(key, (0.0, None))
        if kept and ttl and until > self.now():
            return kept
        event = json.dumps(event_of(exchange, stage, match, method_arn))
        started = time.monotonic()
        try:
            outcome = await asyncio.get_running_loop().run_in_executor(
                self.executor,
                self.invoke,
                function_of(authorizer),
                event,
                PRINCIPAL,
                f"{api}/authorizers/{authorizer['id']}",
            )
        except NotInvoked as error:
            raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", reason=str(error)) from None
        finally:
            elapsed = str(round((time.monotonic() - started) * 1000))
            exchange.variables.update({"authorizer.integrationLatency": elapsed, "authorizer.latency": elapsed})
        answer = read(outcome)
        if ttl:
            self._kept[key] = (self.now() + ttl, answer)
        return answer


def function_of(authorizer: Mapping[str, t.Any]) -> str:
    uri = str(authorizer["authorizerUri"])
    return uri.partition("/functions/")[2].removesuffix("/invocations")


def identity_of(exchange: Exchange, stage: Stage, authorizer: Mapping[str, t.Any]) -> list[str | None]:
    """The values of the identity sources; None for one that is missing, null or empty."""
    found: list[str | None] = []
    for source in (one.strip() for one in (authorizer.get("identitySource") or "").split(",")):
        if source.startswith("method.request."):
            found.append(exchange.client.method_request(source) or None)
        elif source.startswith("context."):
            found.append(exchange.variables.get(source.removeprefix("context.")) or None)
        elif source.startswith("stageVariables."):
            found.append(stage.variables.get(source.removeprefix("stageVariables.")) or None)
    return found


def event_of(exchange: Exchange, stage: Stage, match: Match, method_arn: str) -> dict[str, t.Any]:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html"""
    client, variables = exchange.client, exchange.variables
    headers: dict[str, list[str]] = {}
    for name, value in client.headers:
        headers.setdefault(name, []).append(value)
    query: dict[str, list[str]] = {}
    for name, value in client.query():
        query.setdefault(name, []).append(value)
    return {
        "type": "REQUEST",
        "methodArn": method_arn,
        "resource": match.route.resource_path,
        "path": client.address.path,
        "httpMethod": client.http_method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()},
        "multiValueQueryStringParameters": query,
        "pathParameters": client.decoded_path_parameters(),
        "stageVariables": dict(stage.variables),
        "requestContext": {
            **{
                name: variables[name]
                for name in (
                    *("accountId", "apiId", "stage", "path", "httpMethod", "protocol", "requestId"),
                    *("extendedRequestId", "requestTime", "domainName", "domainPrefix", "resourceId", "resourcePath"),
                )
            },
            "requestTimeEpoch": int(variables["requestTimeEpoch"]),
            "identity": {
                "sourceIp": client.source_ip,
                "userAgent": client.header("user-agent"),
                "apiKey": client.header("x-api-key"),
            },
        },
    }


def read(outcome: Outcome) -> Answer:
    """What a function's outcome means; https://repost.aws/knowledge-center/api-gateway-500-error-lambda-authorizer"""
    try:
        found = json.loads(outcome.payload or "null")
    except ValueError:
        found = None
    if outcome.error:
        if isinstance(found, dict) and found.get("errorMessage") == "Unauthorized":
            raise GatewayError("UNAUTHORIZED")
        raise GatewayError("AUTHORIZER_FAILURE", reason=f"the authorizer failed: {outcome.payload[:300]}")
    if not isinstance(found, dict) or not isinstance(found.get("principalId"), str):
        raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", reason="the authorizer's answer has no principalId")
    document, context = found.get("policyDocument"), found.get("context") or {}
    if not isinstance(document, dict) or not document.get("Statement"):
        raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", reason="the authorizer's answer has no policyDocument")
    # "You can't set a JSON object or array as a valid value of any key in the context map."
    if not isinstance(context, dict) or any(isinstance(value, (dict, list)) for value in context.values()):
        raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", reason="the authorizer's context is no map of scalars")
    said = {f"authorizer.{name}": _text(value) for name, value in context.items()}
    usage_key = found.get("usageIdentifierKey")
    return Answer(
        document,
        {**said, "authorizer.principalId": found["principalId"]},
        usage_key if isinstance(usage_key, str) and usage_key else None,
    )


def _text(value: t.Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
