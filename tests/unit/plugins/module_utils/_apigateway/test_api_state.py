"""States of REST APIs: normal form, comparison, prediction, fingerprint."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._apigateway import api_state
from hypothesis import given
from hypothesis import strategies as st


def answers(**changed: t.Any) -> dict[str, t.Any]:
    """What AWS answers about an API with one method."""
    return {
        "api": {"id": "api", "name": "n", "description": "words", "apiKeySource": "HEADER"},
        "resources": [
            {"id": "root", "path": "/"},
            {
                "id": "res1",
                "path": "/v1",
                "resourceMethods": {
                    "POST": {
                        "httpMethod": "POST",
                        "authorizationType": "NONE",
                        "apiKeyRequired": True,
                        "requestValidatorId": "val1",
                        "requestParameters": {"method.request.header.x": True},
                        "methodResponses": {"200": {"statusCode": "200"}},
                        "methodIntegration": {
                            "type": "HTTP_PROXY",
                            "httpMethod": "POST",
                            "uri": "http://backend/v1",
                            "connectionType": "INTERNET",
                            "passthroughBehavior": "WHEN_NO_MATCH",
                            "timeoutInMillis": 29000,
                            "cacheNamespace": "res1",
                            "cacheKeyParameters": [],
                        },
                    }
                },
            },
        ],
        "validators": [{"id": "val1", "name": "headers", "validateRequestParameters": True}],
        "gateway_responses": [
            {"responseType": "THROTTLED", "statusCode": "429", "defaultResponse": True},
            {"responseType": "DEFAULT_4XX", "defaultResponse": False, "responseTemplates": {"application/json": "{}"}},
        ],
        "models": [
            {"id": "m0", "name": "Empty", "schema": "{}"},
            {"id": "m1", "name": "Chat", "schema": json.dumps({"type": "object"})},
        ],
        "authorizers": [],
        **changed,
    }


def state(**changed: t.Any) -> api_state.State:
    return api_state.normal_state(**answers(**changed))


def test_the_normal_form_has_names_for_ids_and_nothing_that_aws_makes_up() -> None:
    method = state()["resources"]["/v1"]["POST"]
    assert method["requestValidator"] == "headers"
    assert method["methodResponses"] == {"200": {}}
    assert method["integration"] == {
        "type": "HTTP_PROXY",
        "httpMethod": "POST",
        "uri": "http://backend/v1",
        "connectionType": "INTERNET",
        "passthroughBehavior": "WHEN_NO_MATCH",
        "responseTransferMode": "BUFFERED",
        "timeoutInMillis": 29000,
    }
    assert list(state()["resources"]) == ["/v1"]
    assert list(state()["gateway_responses"]) == ["DEFAULT_4XX"]
    assert state()["models"] == {"Chat": {"type": "object"}}


def test_the_fingerprint_survives_new_ids_and_another_order() -> None:
    renamed = json.loads(json.dumps(answers()).replace("val1", "other1").replace("res1", "other2"))
    renamed["resources"].reverse()
    assert api_state.fingerprint(api_state.normal_state(**renamed)) == api_state.fingerprint(state())


@pytest.mark.parametrize(
    "path",
    [
        ("resources", 1, "resourceMethods", "POST", "apiKeyRequired"),
        ("resources", 1, "resourceMethods", "POST", "methodIntegration", "uri"),
        ("resources", 1, "resourceMethods", "POST", "methodIntegration", "timeoutInMillis"),
        ("resources", 1, "resourceMethods", "POST", "requestParameters"),
        ("validators", 0, "validateRequestParameters"),
        ("gateway_responses", 1, "responseTemplates"),
        ("models", 1, "schema"),
        ("api", "apiKeySource"),
    ],
)
def test_the_fingerprint_sees_what_is_deployed(path: tuple[t.Any, ...]) -> None:
    changed = copy.deepcopy(answers())
    node: t.Any = changed
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = {bool: False, int: 1, str: '"else"', dict: {"a": "b"}}[type(node[path[-1]])]
    assert api_state.fingerprint(api_state.normal_state(**changed)) != api_state.fingerprint(state())


def test_the_fingerprint_does_not_see_words() -> None:
    other = state(api={**answers()["api"], "description": "other words"})
    assert api_state.fingerprint(other) == api_state.fingerprint(state())


def test_references_of_models_are_compared_by_name() -> None:
    said = {"$ref": "#/components/schemas/Message"}
    there = json.dumps({"$ref": "https://apigateway.amazonaws.com/restapis/abc/models/Message"})
    assert api_state.normal_schema(said) == api_state.normal_schema(there)


def test_keywords_that_aws_drops_are_dropped_and_properties_of_their_name_stay() -> None:
    said = {"type": "object", "nullable": True, "properties": {"example": {"type": "string", "example": "x"}}}
    expected = {"type": "object", "properties": {"example": {"type": "string"}}}
    assert api_state.normal_schema(said) == expected


def test_what_the_document_does_not_have_is_surplus_and_no_difference() -> None:
    empty: api_state.State = {group: {} for group in api_state.GROUPS}
    assert api_state.differences(empty, state()) == []
    expected = ["POST /v1", "request validator headers", "gateway response DEFAULT_4XX"]
    assert api_state.surplus(empty, state()) == expected


def test_what_a_method_leaves_out_is_at_its_default() -> None:
    said = copy.deepcopy(state())
    del said["resources"]["/v1"]["POST"]["requestValidator"]
    said["resources"]["/v1"]["POST"]["apiKeyRequired"] = False
    found = [str(one) for one in api_state.differences(said, state())]
    assert found == [
        "POST /v1 apiKeyRequired: should be False, is True",
        "POST /v1 requestValidator: should be None, is 'headers'",
    ]


def test_what_only_aws_knows_of_a_method_is_no_difference() -> None:
    said = copy.deepcopy(state())
    del said["resources"]["/v1"]["POST"]["methodResponses"]
    assert api_state.differences(said, state()) == []


def test_a_merge_keeps_and_an_overwrite_removes() -> None:
    said: api_state.State = {group: {} for group in api_state.GROUPS}
    said["resources"] = {"/v1": {"GET": {"apiKeyRequired": False}}, "/v2": {"GET": {"apiKeyRequired": False}}}
    merged = api_state.predicted(said, state(), purge=False)
    assert {path: list(methods) for path, methods in merged["resources"].items()} == {
        "/v1": ["POST", "GET"],
        "/v2": ["GET"],
    }
    assert merged["request_validators"] == state()["request_validators"]
    overwritten = api_state.predicted(said, state(), purge=True)
    assert overwritten["resources"] == said["resources"]
    assert overwritten["request_validators"] == {}


_names = st.text("abc", min_size=1, max_size=3)
_methods = st.fixed_dictionaries(
    {"apiKeyRequired": st.booleans(), "authorizationType": st.sampled_from(["NONE", "AWS_IAM"])},
    optional={
        "requestParameters": st.dictionaries(_names, st.booleans(), min_size=1),
        "requestValidator": _names,
        "operationName": _names,
        "integration": st.builds(
            lambda uri, timeout: api_state.normal_integration({"type": "HTTP", "uri": uri, "timeoutInMillis": timeout}),
            _names,
            st.integers(50, 29000),
        ),
    },
)
_states = st.fixed_dictionaries(
    {
        "settings": st.fixed_dictionaries({}, optional={"description": _names, "minimumCompressionSize": st.just(0)}),
        "resources": st.dictionaries(
            _names, st.dictionaries(st.sampled_from(["GET", "POST"]), _methods, min_size=1), max_size=3
        ),
        "request_validators": st.dictionaries(
            _names, st.fixed_dictionaries({"validateRequestBody": st.booleans()}), max_size=2
        ),
        "gateway_responses": st.dictionaries(
            _names, st.fixed_dictionaries({"statusCode": _names, "responseTemplates": st.just({"a": "b"})}), max_size=2
        ),
        "models": st.dictionaries(_names, st.fixed_dictionaries({"type": _names}), max_size=2),
        "authorizers": st.just({}),
    }
)


@given(_states)
def test_nothing_differs_from_itself(one: api_state.State) -> None:
    assert api_state.differences(one, one) == []
    assert api_state.surplus(one, one) == []


@given(_states, _states)
def test_after_the_predicted_import_nothing_is_left_to_do(wanted: api_state.State, there: api_state.State) -> None:
    assert api_state.differences(wanted, api_state.predicted(wanted, there, purge=False)) == []
    overwritten = api_state.predicted(wanted, there, purge=True)
    assert api_state.differences(wanted, overwritten) == []
    assert api_state.surplus(wanted, overwritten) == []


@given(_states, _states)
def test_equal_fingerprints_mean_that_nothing_differs(one: api_state.State, other: api_state.State) -> None:
    if api_state.fingerprint(one) == api_state.fingerprint(other):
        found = api_state.differences({**one, "settings": {}}, {**other, "settings": {}})
        assert found == []
