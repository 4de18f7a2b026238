from __future__ import annotations

import typing as t

import pytest


@pytest.fixture
def stage_info(run_module: t.Any) -> t.Any:
    return run_module("api_gateway_stage_info")


@pytest.fixture
def apigateway(lab: t.Any) -> t.Any:
    return lab.client("apigateway")


@pytest.fixture
def api_id(apigateway: t.Any) -> str:
    """A REST API with one method, not deployed."""
    api = apigateway.create_rest_api(name="central-llm-rest-api", endpointConfiguration={"types": ["REGIONAL"]})
    where = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    apigateway.put_method(**where, authorizationType="NONE")
    apigateway.put_integration(**where, type="MOCK")
    return api["id"]


def test_what_does_not_exist_is_left_out(stage_info: t.Any, api_id: str) -> None:
    for asked in ({"rest_api_id": api_id}, {"rest_api_id": "nosuchapi1"}):
        for narrowed in ({}, {"name": "prod"}):
            outcome = stage_info.ok(**asked, **narrowed)
            assert not outcome.changed
            assert outcome["stages"] == []


def test_it_shows_what_the_writing_module_returns(
    stage_info: t.Any, run_module: t.Any, apigateway: t.Any, api_id: str
) -> None:
    written = run_module("api_gateway_stage").ok(
        rest_api_id=api_id, name="prod", description="for clients", variables={"colour": "blue"}, tags={"a": "b"}
    )["stage"]
    outcome = stage_info.ok(rest_api_id=api_id, name="prod")
    assert outcome["stages"] == [written]
    read = apigateway.get_stage(restApiId=api_id, stageName="prod")
    assert outcome["stages"][0]["deployment_id"] == read["deploymentId"]
    assert stage_info.ok(check=True, rest_api_id=api_id, name="prod")["stages"] == outcome["stages"]


def test_all_stages_sorted_by_name(stage_info: t.Any, apigateway: t.Any, api_id: str) -> None:
    deployment = apigateway.create_deployment(restApiId=api_id)["id"]
    for name in ("prod", "canary", "dev"):
        apigateway.create_stage(restApiId=api_id, stageName=name, deploymentId=deployment)
    assert [stage["name"] for stage in stage_info.ok(rest_api_id=api_id)["stages"]] == ["canary", "dev", "prod"]
    assert [stage["name"] for stage in stage_info.ok(rest_api_id=api_id, name="dev")["stages"]] == ["dev"]


def test_it_writes_nothing(stage_info: t.Any, apigateway: t.Any, api_id: str, faults: t.Any) -> None:
    faults.forget_calls()
    stage_info.ok(rest_api_id=api_id)
    stage_info.ok(rest_api_id=api_id, name="prod")
    assert faults.calls() == ["GetStages", "GetStage"]


def test_a_denial_names_the_missing_action(stage_info: t.Any, api_id: str, faults: t.Any) -> None:
    faults.add("apigateway", "GetStage", "AccessDeniedException", status=403)
    assert "apigateway:GET" in stage_info.refused(rest_api_id=api_id, name="prod")
