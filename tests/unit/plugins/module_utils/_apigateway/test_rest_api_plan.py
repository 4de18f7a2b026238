"""Patches of a REST API's own settings."""

from __future__ import annotations

import json

from ansible_collections.central.llm.plugins.module_utils._apigateway import rest_api_plan as plan

API = {
    "name": "api",
    "description": "words",
    "apiKeySource": "HEADER",
    "binaryMediaTypes": ["audio/wav"],
    "endpointConfiguration": {"types": ["EDGE"]},
}


def test_what_is_not_said_is_left_alone() -> None:
    assert plan.patch_operations({}, API) == []
    assert plan.patch_operations({}, API, name="api", endpoint_type="EDGE") == []


def test_everything_that_can_be_patched() -> None:
    settings = {
        "description": "",
        "apiKeySource": "AUTHORIZER",
        "minimumCompressionSize": 0,
        "binaryMediaTypes": ["audio/wav", "image/png"],
    }
    assert plan.patch_operations(settings, API, name="other", endpoint_type="REGIONAL") == [
        {"op": "replace", "path": "/name", "value": "other"},
        {"op": "replace", "path": "/endpointConfiguration/types/EDGE", "value": "REGIONAL"},
        {"op": "replace", "path": "/description", "value": ""},
        {"op": "replace", "path": "/apiKeySource", "value": "AUTHORIZER"},
        {"op": "replace", "path": "/minimumCompressionSize", "value": "0"},
        {"op": "add", "path": "/binaryMediaTypes/image~1png"},
    ]


def test_a_missing_description_is_an_empty_one() -> None:
    assert plan.patch_operations({"description": ""}, {"name": "api"}) == []


def test_links_without_a_target_can_only_be_v1() -> None:
    def method(**integration: str) -> dict[str, object]:
        return {"integration": {"connectionType": "VPC_LINK", **integration}}

    wanted = {
        "resources": {
            "/a": {"GET": method(connectionId="link1")},
            "/b": {"GET": method(connectionId="link1"), "POST": method(connectionId="link2", integrationTarget="arn")},
            "/c": {"GET": method(connectionId="${stageVariables.link}"), "PUT": {}},
        }
    }
    assert plan.v2_suspects(wanted) == {"link1": "GET /a"}


def test_what_is_imported_has_the_name_and_the_policy_that_stays() -> None:
    document = {"openapi": "3.0.1", "info": {"title": "whatever", "version": "1"}, "paths": {}}
    named = {**document, "info": {"title": "api", "version": "1"}}
    assert json.loads(plan.import_body(document, "api", None)) == named
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Resource": "arn:aws:execute-api:r:1:id/*"}]}
    escaped = json.dumps(policy).replace('"', '\\"')
    assert json.loads(plan.import_body(document, "api", escaped)) == {**named, "x-amazon-apigateway-policy": policy}
    # The document's own is what is asked for.
    own = {**document, "x-amazon-apigateway-policy": {"Version": "2012-10-17"}}
    assert json.loads(plan.import_body(own, "api", escaped)) == {**own, "info": named["info"]}
