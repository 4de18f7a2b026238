"""Parameter mapping: what an integration's requestParameters make of a client's request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-parameter-mapping.html
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from lab.edge.client_request import ClientRequest
from lab.edge.errors import GatewayError
from lab.edge.variables import Variables

_PLACEHOLDER = re.compile(r"\{([^{}+]+)\+?\}")
_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")

# RFC 9110 section 7.6.1 and what it says of Host; Expect and TE are dropped by API Gateway, too.
HOP_BY_HOP = frozenset(
    {"connection", "expect", "host", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"}
    | {"te", "trailer", "transfer-encoding", "upgrade", "content-length"}
)


@dataclass
class Mapped:
    header: dict[str, str] = field(default_factory=dict)
    querystring: dict[str, str] = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)


def resolve(
    expression: str, client: ClientRequest, variables: Variables, stage_variables: Mapping[str, str]
) -> str | None:
    """The value of a mapping expression; None where there is nothing to map."""
    if len(expression) >= 2 and expression[0] == expression[-1] == "'":
        return expression[1:-1]
    scope, _dot, name = expression.partition(".")
    if scope == "context":
        return variables.get(name)
    if scope == "stageVariables":
        return stage_variables.get(name)
    return client.method_request(expression)


def map_request(
    parameters: Mapping[str, str], client: ClientRequest, variables: Variables, stage_variables: Mapping[str, str]
) -> Mapped:
    """Maps what has a value. An empty value maps nothing, so that a header cannot be emptied this way: whoever wants
    to keep a client's header from the backend has to overwrite it with something.
    """
    mapped = Mapped()
    for target, expression in parameters.items():
        place, _dot, name = target.removeprefix("integration.request.").partition(".")
        value = resolve(expression, client, variables, stage_variables)
        if value and place in ("header", "querystring", "path"):
            # A path parameter is still encoded as the client sent it, everything else has to be.
            encoded = value if expression.startswith("method.request.path.") else quote(value, safe="")
            getattr(mapped, place)[name] = encoded if place == "path" else value
    return mapped


def integration_uri(uri: str, path: Mapping[str, str], stage_variables: Mapping[str, str]) -> str:
    """The integration's URI with its stage variables and `{parameters}` filled in.

    A placeholder stands for an `integration.request.path` mapping, not for the method's parameter of that name.
    """

    def value(found: re.Match[str]) -> str:
        if found[1] not in path:
            raise GatewayError(
                "API_CONFIGURATION_ERROR",
                reason=f"nothing is mapped to integration.request.path.{found[1]}, which the uri {uri} asks for",
            )
        return path[found[1]]

    return _PLACEHOLDER.sub(value, with_stage_variables(uri, stage_variables))


def with_stage_variables(text: str, stage_variables: Mapping[str, str]) -> str:
    return _STAGE_VARIABLE.sub(lambda found: stage_variables.get(found[1], ""), text)


def proxied_headers(client: ClientRequest) -> list[tuple[str, str]]:
    """The headers that a proxy integration passes on: all but those of one hop, with the forwarding ones added."""
    named = {token.strip().lower() for token in (client.header("connection") or "").split(",")}
    headers = [(name, value) for name, value in client.headers if name.lower() not in HOP_BY_HOP | named]
    forwarded_for = ", ".join(filter(None, (client.header("x-forwarded-for"), client.source_ip)))
    added = {"X-Forwarded-For": forwarded_for, "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"}
    return overwritten(headers, added)


def overwritten(headers: t.Iterable[tuple[str, str]], by: Mapping[str, str]) -> list[tuple[str, str]]:
    replaced = {name.lower() for name in by}
    return [(name, value) for name, value in headers if name.lower() not in replaced] + list(by.items())


def proxied_query(client: ClientRequest, mapped: Mapping[str, str]) -> str:
    """The client's query string as it is, unless a mapping changes it."""
    if not mapped:
        return client.query_string
    kept = [(name, value) for name, value in client.query() if name not in mapped]
    return urlencode(kept + list(mapped.items()))
