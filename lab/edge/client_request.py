"""A client's request as the gateway sees it, and the `method.request.*` expressions that read from it."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

import jsonpath_ng

from lab.edge.address import Address


@dataclass
class ClientRequest:
    http_method: str
    address: Address
    query_string: str
    """Still percent-encoded, without the question mark."""
    headers: Sequence[tuple[str, str]]
    """In the client's order and spelling."""
    source_ip: str
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """By the rules of HTTP: names do not know upper from lower case."""
        lowered = name.lower()
        return next((value for key, value in self.headers if key.lower() == lowered), None)

    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query_string, keep_blank_values=True)

    def query_value(self, name: str) -> str | None:
        return _last(value for key, value in self.query() if key == name)

    def media_type(self) -> str:
        """Without a Content-Type header API Gateway takes a request for application/json."""
        return (self.header("content-type") or "application/json").partition(";")[0].strip().lower()

    def method_request(self, expression: str) -> str | None:
        """The value of `method.request.<place>.<name>`; None where the client sent none.

        Header names are compared to the letter: "Header names and query parameters are processed in a case-sensitive
        way" (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html).
        """
        place, _dot, name = expression.removeprefix("method.request.").partition(".")
        if place == "header":
            return _last(value for key, value in self.headers if key == name)
        if place == "multivalueheader":
            return _joined(value for key, value in self.headers if key == name)
        if place == "querystring":
            return self.query_value(name)
        if place == "multivaluequerystring":
            return _joined(value for key, value in self.query() if key == name)
        if place == "path":
            return self.path_parameters.get(name)
        if place == "body":
            return json_path_text(self.body, name) if name else self.body.decode("utf-8", "replace")
        return None

    def decoded_path_parameters(self) -> dict[str, str]:
        return {name: unquote(value) for name, value in self.path_parameters.items()}


def _last(values: t.Iterable[str]) -> str | None:
    found = list(values)
    return found[-1] if found else None


def _joined(values: t.Iterable[str]) -> str | None:
    found = list(values)
    return ",".join(found) if found else None


def json_path(document: t.Any, expression: str) -> t.Any:
    """What a JSONPath expression (with or without its leading `$.`) finds; a list if it finds several."""
    path = expression if expression.startswith("$") else f"$.{expression}"
    found = [match.value for match in jsonpath_ng.parse(path).find(document)]
    return found[0] if len(found) == 1 else (found or None)


def json_path_text(body: bytes, expression: str) -> str | None:
    try:
        found = json_path(json.loads(body), expression)
    except ValueError:
        return None
    return found if isinstance(found, str) or found is None else json.dumps(found)
