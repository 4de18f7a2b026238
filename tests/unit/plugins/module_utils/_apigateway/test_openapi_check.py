"""Documents that cannot become a REST API are refused, with the place of the problem."""

from __future__ import annotations

import copy
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.central.llm.plugins.module_utils._apigateway.openapi import expected_state
from ansible_collections.central.llm.plugins.module_utils._apigateway.openapi_check import check
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

GOLDEN = next(parent for parent in Path(__file__).parents if parent.name == "tests") / "golden" / "openapi"
OPERATION = '$.paths["/v1"].post'
INTEGRATION = f'{OPERATION}["x-amazon-apigateway-integration"]'
PROXY = {"type": "http_proxy", "httpMethod": "POST", "uri": "http://backend:8000/v1"}


def document(**integration: t.Any) -> dict[str, t.Any]:
    return {
        "openapi": "3.0.1",
        "info": {"title": "api", "version": "1"},
        "paths": {"/v1": {"post": {"x-amazon-apigateway-integration": {**PROXY, **integration}}}},
    }


def test_a_sound_document_has_no_findings() -> None:
    found = check(document())
    assert (found.problems, found.warnings) == ([], [])


@pytest.mark.parametrize(
    ("integration", "problem"),
    [
        ({"type": "htpp"}, f"{INTEGRATION}.type: must be one of"),
        ({"uri": ""}, f"{INTEGRATION}.uri: is missing"),
        ({"uri": None}, f"{INTEGRATION}.uri: must be a text, is empty"),
        ({"uri": "backend:8000"}, f"{INTEGRATION}.uri: must be an http or https URL"),
        ({"httpMethod": ""}, f"{INTEGRATION}.httpMethod: is missing"),
        ({"connectionType": "VPC_LINK"}, f"{INTEGRATION}.connectionId: is missing"),
        ({"connectionType": "TUNNEL"}, f"{INTEGRATION}.connectionType: must be one of"),
        ({"connectionId": "abc"}, f"{INTEGRATION}.connectionId: has no meaning"),
        ({"type": "http", "responseTransferMode": "STREAM"}, f"{INTEGRATION}.responseTransferMode: STREAM needs"),
        ({"timeoutInMillis": 49}, f"{INTEGRATION}.timeoutInMillis: must be 50 to 900000"),
        ({"timeoutInMillis": 900001}, f"{INTEGRATION}.timeoutInMillis: must be 50 to 900000"),
        ({"timeoutInMillis": True}, f"{INTEGRATION}.timeoutInMillis: must be a number"),
        ({"timeoutInMillis": "soon"}, f"{INTEGRATION}.timeoutInMillis: must be a number"),
        ({"responses": {"default": {}}}, f"{INTEGRATION}.responses.default.statusCode: must be an HTTP status"),
        (
            {"responses": {"default": {"statusCode": 200}, "2..": {"statusCode": "200"}}},
            f"{INTEGRATION}.responses",
        ),
    ],
)
def test_integrations(integration: dict[str, t.Any], problem: str) -> None:
    found = check(document(**integration)).problems
    assert len(found) == 1
    assert found[0].startswith(problem)


@pytest.mark.parametrize("timeout", [50, 29000, "29000"])
def test_timeouts_of_buffered_answers(timeout: t.Any) -> None:
    assert check(document(timeoutInMillis=timeout)).problems == []


def test_a_long_timeout_is_for_streams_or_a_raised_quota() -> None:
    assert check(document(timeoutInMillis=900000, responseTransferMode="STREAM")).warnings == []
    (warning,) = check(document(timeoutInMillis=29001)).warnings
    assert "quota" in warning


def changed(change: t.Callable[[dict[str, t.Any]], object]) -> list[str]:
    one = copy.deepcopy(document())
    change(one)
    return check(one).problems


def of_post(one: dict[str, t.Any]) -> dict[str, t.Any]:
    return one["paths"]["/v1"]["post"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda one: one.update(openapi="2.0"), "$.openapi"),
        (lambda one: one.update(info=None), "$.info"),
        (lambda one: one["info"].update(title=" "), "$.info.title"),
        (lambda one: one["info"].pop("version"), "$.info.version"),
        (lambda one: one.update(paths={}), "$.paths"),
        (lambda one: one.update(paths=[]), "$.paths"),
        (lambda one: one["paths"].update(v2={}), "$.paths.v2: a path must start with '/'"),
        (lambda one: one["paths"].update({"/a//b": {}}), '$.paths["/a//b"]'),
        (lambda one: one["paths"].update({"/a{b}": {}}), '$.paths["/a{b}"]'),
        (lambda one: one["paths"].update({"/{all+}/b": {}}), '$.paths["/{all+}/b"]'),
        (lambda one: one["paths"]["/v1"].update(POST={}), '$.paths["/v1"].POST: is no method'),
        (lambda one: one["paths"]["/v1"].update(trace={}), '$.paths["/v1"].trace: is no method'),
        (lambda one: one["paths"]["/v1"].update(post=None), f"{OPERATION}: must be a mapping"),
        (lambda one: of_post(one).clear(), f"{OPERATION}: has no x-amazon-apigateway-integration"),
        (lambda one: of_post(one).update(parameters={}), f"{OPERATION}.parameters"),
        (lambda one: of_post(one).update(parameters=[{"in": "header"}]), f"{OPERATION}.parameters[0].name"),
        (lambda one: of_post(one).update(parameters=[{"name": "a", "in": "body"}]), f"{OPERATION}.parameters[0].in"),
        (lambda one: of_post(one).update(parameters=[{"$ref": "#/gone"}]), f"{OPERATION}.parameters[0]"),
        (lambda one: of_post(one).update(security=[{"key": []}]), f"{OPERATION}.security[0]"),
        (lambda one: of_post(one).update({"x-amazon-apigateway-request-validator": "none"}), OPERATION),
        (lambda one: one.update({"x-amazon-apigateway-api-key-source": "QUERY"}), '$["x-amazon-apigateway-api-key-s'),
        (lambda one: one.update({"x-amazon-apigateway-gateway-responses": {"throttled": {}}}), "$["),
        (lambda one: one.update({"x-amazon-apigateway-gateway-responses": {"THROTTLED": {"statusCode": 9}}}), "$["),
        (lambda one: one.update(components={"schemas": {"with-dash": {}}}), '$.components.schemas["with-dash"]'),
    ],
)
def test_documents(change: t.Any, problem: str) -> None:
    found = changed(change)
    assert len(found) == 1, found
    assert found[0].startswith(problem)


def test_security_at_the_root_protects_nothing() -> None:
    (problem,) = changed(lambda one: one.update(security=[{"api_key": []}]))
    assert "every method open" in problem


def test_a_scheme_that_api_gateway_does_not_know_is_refused() -> None:
    one = document()
    one["components"] = {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}}
    of_post(one)["security"] = [{"bearer": []}]
    (problem,) = check(one).problems
    assert problem.startswith("$.components.securitySchemes.bearer: protects nothing")


def test_all_problems_are_told_at_once() -> None:
    one = document(type="http", responseTransferMode="STREAM", timeoutInMillis=1)
    one["paths"]["v2"] = {}
    assert len(check(one).problems) == 3


@pytest.mark.parametrize("nothing", [None, [], "openapi: 3.0.1", 3])
def test_what_is_no_mapping_is_refused(nothing: t.Any) -> None:
    assert check(nothing).problems[0].startswith("$: must be a mapping")


def test_extensions_that_are_not_compared_are_told() -> None:
    one = document(tracing="on")
    one["x-amazon-apigateway-policy"] = {"Version": "2012-10-17"}
    of_post(one)["x-amazon-apigateway-unheard-of"] = 1
    found = check(one)
    assert found.problems == []
    assert any("x-amazon-apigateway-policy" in warning and "rewrites" in warning for warning in found.warnings)
    assert any("unheard-of" in warning and "not known" in warning for warning in found.warnings)
    assert any(warning.startswith(f"{INTEGRATION}.tracing") for warning in found.warnings)


def test_an_inline_model_is_told() -> None:
    one = document()
    of_post(one)["requestBody"] = {"content": {"application/json": {"schema": {"type": "object"}}}}
    (warning,) = check(one).warnings
    assert "makes up a name" in warning


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 1000) | st.text("/{}$a#", max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("a$", max_size=2), inner, max_size=2),
    max_leaves=4,
)


def paths_to(node: t.Any, here: tuple[t.Any, ...] = ()) -> list[tuple[t.Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [here, *(found for key, value in inner for found in paths_to(value, (*here, key)))]


@pytest.mark.parametrize("case", sorted(case.name for case in GOLDEN.iterdir()))
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_broken_document_is_judged_and_a_sound_one_can_be_read(case: str, data: st.DataObject) -> None:
    """Whatever stands where in the document, the check does not stumble, nor does the reading of what it lets pass."""
    broken = yaml.safe_load((GOLDEN / case / "document.yml").read_text())
    where = data.draw(st.sampled_from(paths_to(broken)[1:]))
    node: t.Any = broken
    for key in where[:-1]:
        node = node[key]
    node[where[-1]] = data.draw(_json)
    if not check(broken).problems:
        expected_state(broken)
