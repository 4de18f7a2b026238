"""Which resource and method a path means: compiled once for a deployment, then a walk down a tree.

A literal segment goes before a path parameter, and that before a greedy one, as API Gateway chooses:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-set-up-simple-proxy.html
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

ANY = "ANY"


@dataclass(frozen=True)
class Route:
    resource_id: str
    resource_path: str
    http_method: str
    """As declared: a method's name, or ANY."""
    method: Mapping[str, t.Any]

    @property
    def integration(self) -> Mapping[str, t.Any]:
        return self.method.get("methodIntegration") or {}


class Match(t.NamedTuple):
    route: Route
    path_parameters: dict[str, str]
    """As the client sent them: still percent-encoded."""


@dataclass
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    parameter: tuple[str, _Node] | None = None
    greedy: tuple[str, _Node] | None = None
    routes: dict[str, Route] = field(default_factory=dict)


class RouteTable:
    def __init__(self, resources: Iterable[Mapping[str, t.Any]]) -> None:
        """From the items of GetResources with embed=methods."""
        self._root = _Node()
        for resource in resources:
            methods = resource.get("resourceMethods") or {}
            if methods:  # a resource without a method only carries others and answers nothing
                self._add(resource, methods)

    def _add(self, resource: Mapping[str, t.Any], methods: Mapping[str, Mapping[str, t.Any]]) -> None:
        node = self._root
        for segment in _segments(resource["path"]):
            node = _child(node, segment)
        for name, method in methods.items():
            node.routes[name] = Route(resource.get("id", ""), resource["path"], name, method)

    def match(self, http_method: str, path: str) -> Match | None:
        """The route of an encoded path, or None for a resource or a method that is not there."""
        return _walk(self._root, _segments(path), http_method, {})


def _segments(path: str) -> list[str]:
    # A trailing slash does not make another resource.
    stripped = path.strip("/")
    return stripped.split("/") if stripped else []


def _child(node: _Node, segment: str) -> _Node:
    if segment.startswith("{") and segment.endswith("+}"):
        node.greedy = node.greedy or (segment[1:-2], _Node())
        return node.greedy[1]
    if segment.startswith("{") and segment.endswith("}"):
        node.parameter = node.parameter or (segment[1:-1], _Node())
        return node.parameter[1]
    return node.literals.setdefault(segment, _Node())


def _walk(node: _Node, segments: list[str], http_method: str, found: dict[str, str]) -> Match | None:
    if not segments:
        route = node.routes.get(http_method) or node.routes.get(ANY)
        return Match(route, found) if route else None
    head, tail = segments[0], segments[1:]
    literal = node.literals.get(unquote(head))
    match = _walk(literal, tail, http_method, found) if literal else None
    if match is None and node.parameter:
        name, below = node.parameter
        match = _walk(below, tail, http_method, {**found, name: head})
    if match is None and node.greedy:
        name, below = node.greedy
        match = _walk(below, [], http_method, {**found, name: "/".join(segments)})
    return match
