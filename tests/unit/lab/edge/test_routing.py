from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.edge.routing import RouteTable


def table(*routes: tuple[str, str]) -> RouteTable:
    resources: dict[str, dict[str, t.Any]] = {}
    for path, http_method in routes:
        item = resources.setdefault(path, {"id": path, "path": path, "resourceMethods": {}})
        item["resourceMethods"][http_method] = {"httpMethod": http_method, "methodIntegration": {}}
    return RouteTable([{"id": "root", "path": "/"}, *resources.values()])


TABLE = table(
    ("/open", "POST"),
    ("/px/{proxy+}", "ANY"),
    ("/items/{id}", "GET"),
    ("/items/{id}", "ANY"),
    ("/items/new", "GET"),
    ("/items/{id}/parts/{part}", "GET"),
)


@pytest.mark.parametrize(
    ("http_method", "path", "resource", "parameters"),
    [
        ("POST", "/open", "/open", {}),
        ("POST", "/open/", "/open", {}),
        ("DELETE", "/px/a/b%20c", "/px/{proxy+}", {"proxy": "a/b%20c"}),
        ("GET", "/items/new", "/items/new", {}),
        ("GET", "/items/ne%77", "/items/new", {}),
        ("GET", "/items/7", "/items/{id}", {"id": "7"}),
        ("GET", "/items/7/parts/8", "/items/{id}/parts/{part}", {"id": "7", "part": "8"}),
    ],
)
def test_the_most_specific_resource_answers(
    http_method: str, path: str, resource: str, parameters: dict[str, str]
) -> None:
    match = TABLE.match(http_method, path)
    assert match is not None
    assert (match.route.resource_path, match.path_parameters) == (resource, parameters)


@pytest.mark.parametrize(
    ("http_method", "path"),
    [("GET", "/open"), ("GET", "/"), ("POST", "/none"), ("GET", "/px"), ("POST", "/items/7/parts/8")],
)
def test_what_is_not_there_has_no_route(http_method: str, path: str) -> None:
    assert TABLE.match(http_method, path) is None


def test_a_method_of_its_own_goes_before_any() -> None:
    get, put = TABLE.match("GET", "/items/7"), TABLE.match("PUT", "/items/7")
    assert get and put and (get.route.http_method, put.route.http_method) == ("GET", "ANY")


@given(st.lists(st.from_regex(r"[a-z0-9.-]{1,8}", fullmatch=True), min_size=1, max_size=6))
def test_a_greedy_parameter_holds_everything_behind_it(segments: list[str]) -> None:
    match = table(("/{proxy+}", "ANY")).match("GET", "/" + "/".join(segments))
    assert match and match.path_parameters == {"proxy": "/".join(segments)}
