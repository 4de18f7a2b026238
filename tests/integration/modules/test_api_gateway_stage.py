from __future__ import annotations

import json
import typing as t

import pytest

ROLE = "arn:aws:iam::123456789012:role/central-llm-apigateway-logs"
GROUP = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/apigateway/central-llm/prod"
FORMAT = {"requestId": "$context.extendedRequestId", "apiKeyId": "$context.identity.apiKeyId"}
ALL = {
    "path": "/*",
    "throttling_rate_limit": 5.5,
    "throttling_burst_limit": 10,
    "logging_level": "ERROR",
    "metrics_enabled": True,
    "data_trace_enabled": False,
}


@pytest.fixture
def apigateway(lab: t.Any) -> t.Any:
    return lab.client("apigateway")


@pytest.fixture
def api_id(apigateway: t.Any) -> str:
    api = apigateway.create_rest_api(name="central-llm-rest-api", endpointConfiguration={"types": ["REGIONAL"]})
    add_method(apigateway, api["id"], api["rootResourceId"])
    return api["id"]


@pytest.fixture
def stage(run_module: t.Any, api_id: str) -> t.Any:
    run = run_module("api_gateway_stage")
    return _Bound(run, {"rest_api_id": api_id, "name": "prod"})


class _Bound:
    """The module with the stage's own options given."""

    def __init__(self, run: t.Any, options: dict[str, t.Any]) -> None:
        self._run, self._options = run, options

    def __getattr__(self, name: str) -> t.Any:
        call = getattr(self._run, name)
        return lambda **options: call(**{**self._options, **options})


@pytest.fixture
def log_role(lab: t.Any, apigateway: t.Any) -> str:
    document = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    lab.client("iam").create_role(
        RoleName=ROLE.rsplit("/", 1)[-1],
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [document]}),
    )
    operations = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": ROLE}]
    apigateway.update_account(patchOperations=operations)
    lab.client("logs").create_log_group(logGroupName=GROUP.split("log-group:")[1])
    return ROLE


def add_method(apigateway: t.Any, api_id: str, resource_id: str, method: str = "GET") -> None:
    where = {"restApiId": api_id, "resourceId": resource_id, "httpMethod": method}
    apigateway.put_method(**where, authorizationType="NONE")
    apigateway.put_integration(**where, type="MOCK")


def change_api(apigateway: t.Any, api_id: str, method: str = "POST") -> None:
    add_method(apigateway, api_id, apigateway.get_rest_api(restApiId=api_id)["rootResourceId"], method)


def read_back(apigateway: t.Any, api_id: str) -> dict[str, t.Any]:
    return apigateway.get_stage(restApiId=api_id, stageName="prod")


def deployments_of(apigateway: t.Any, api_id: str) -> list[str]:
    return [one["id"] for one in apigateway.get_deployments(restApiId=api_id)["items"]]


def test_create_and_create_again(stage: t.Any, apigateway: t.Any, api_id: str, log_role: str) -> None:
    options = {
        "description": "for everybody",
        "access_log": {"destination_arn": f"{GROUP}:*", "format": FORMAT},
        "method_settings": [{**ALL, "logging_level": "INFO"}],
        "variables": {"backend": "http://backend:8000"},
        "tags": {"central-llm:stack": "central-llm"},
    }
    foretold = stage.ok(check=True, **options)
    assert foretold.changed
    assert "deployment_id" not in foretold["stage"]
    outcome = stage.ok(**options)
    assert outcome.changed
    assert outcome["deployment_reason"] == "the stage has no deployment yet"
    for key in ("description", "access_log", "variables", "tags", "invoke_url", "method_settings"):
        assert foretold["stage"][key] == outcome["stage"][key], key
    there = read_back(apigateway, api_id)
    assert there["accessLogSettings"]["destinationArn"] == GROUP
    assert json.loads(there["accessLogSettings"]["format"]) == FORMAT
    assert there["methodSettings"]["*/*"]["throttlingRateLimit"] == 5.5
    assert there["methodSettings"]["*/*"]["throttlingBurstLimit"] == 10
    assert there["methodSettings"]["*/*"]["loggingLevel"] == "INFO"
    assert there["variables"] == {"backend": "http://backend:8000"}
    assert there["tags"] == {"central-llm:stack": "central-llm"}
    assert outcome["stage"]["invoke_url"] == f"https://{api_id}.execute-api.eu-central-1.amazonaws.com/prod"
    assert stage.settled(**options)["stage"] == outcome["stage"]


def test_check_mode_writes_nothing(stage: t.Any, apigateway: t.Any, api_id: str) -> None:
    assert stage.ok(check=True).changed
    assert apigateway.get_stages(restApiId=api_id)["item"] == []
    assert deployments_of(apigateway, api_id) == []


def test_it_deploys_only_when_the_api_has_changed(stage: t.Any, apigateway: t.Any, api_id: str) -> None:
    first = stage.ok()["stage"]["deployment_id"]
    assert stage.settled()["deployment_reason"] == ""
    change_api(apigateway, api_id)
    assert "has changed" in stage.ok(check=True)["deployment_reason"]
    outcome = stage.ok()
    assert outcome.changed
    assert outcome["deployment_reason"] == f"the API has changed since the deployment {first} of the stage"
    assert read_back(apigateway, api_id)["deploymentId"] == outcome["stage"]["deployment_id"] != first
    stage.settled()


def test_a_description_of_the_api_is_no_reason_to_deploy(stage: t.Any, apigateway: t.Any, api_id: str) -> None:
    stage.ok()
    operations = [{"op": "replace", "path": "/description", "value": "new words"}]
    apigateway.update_rest_api(restApiId=api_id, patchOperations=operations)
    stage.settled()


def test_a_foreign_deployment_is_followed_by_one_of_ours(stage: t.Any, apigateway: t.Any, api_id: str) -> None:
    theirs = apigateway.create_deployment(restApiId=api_id, stageName="prod", description="by hand")["id"]
    assert not stage.ok(deployment="unmanaged").changed
    outcome = stage.ok()
    assert "does not say what it was made from" in outcome["deployment_reason"]
    assert theirs in outcome["deployment_reason"]
    stage.settled()


def test_a_run_cut_off_after_the_deployment_is_finished(
    stage: t.Any, apigateway: t.Any, api_id: str, faults: t.Any
) -> None:
    first = stage.ok()["stage"]["deployment_id"]
    change_api(apigateway, api_id)
    faults.add("apigateway", "UpdateStage", "AccessDeniedException", status=403)
    assert "apigateway:PATCH" in stage.refused()
    assert read_back(apigateway, api_id)["deploymentId"] == first
    assert stage.ok().changed
    assert read_back(apigateway, api_id)["deploymentId"] != first
    stage.settled()


def test_a_creation_cut_off_before_the_settings_is_finished(
    stage: t.Any, apigateway: t.Any, api_id: str, log_role: str, faults: t.Any
) -> None:
    options = {"access_log": {"destination_arn": GROUP, "format": FORMAT}}
    faults.add("apigateway", "UpdateStage", "AccessDeniedException", status=403)
    stage.refused(**options)
    assert "accessLogSettings" not in read_back(apigateway, api_id)
    outcome = stage.predicted(**options)
    assert outcome.changed
    assert outcome["deployment_reason"] == ""
    assert read_back(apigateway, api_id)["accessLogSettings"]["destinationArn"] == GROUP


def test_one_option_changes_and_the_others_stay(stage: t.Any, apigateway: t.Any, api_id: str, log_role: str) -> None:
    stage.ok(access_log={"destination_arn": GROUP, "format": FORMAT}, method_settings=[ALL], variables={"a": "1"})
    outcome = stage.predicted(method_settings=[{"path": "/*", "throttling_rate_limit": 7}])
    assert outcome["diff"]["before"]["method_settings"][0]["throttling_rate_limit"] == 5.5
    assert outcome["diff"]["after"]["method_settings"][0]["throttling_rate_limit"] == 7
    there = read_back(apigateway, api_id)
    assert there["methodSettings"]["*/*"]["throttlingBurstLimit"] == 10
    assert there["variables"] == {"a": "1"}
    assert there["accessLogSettings"]["destinationArn"] == GROUP
    stage.settled()


def test_the_access_log_is_turned_off_on_request(stage: t.Any, apigateway: t.Any, api_id: str, log_role: str) -> None:
    stage.ok(access_log={"destination_arn": GROUP, "format": FORMAT})
    assert stage.predicted(access_log={}).changed
    assert "accessLogSettings" not in read_back(apigateway, api_id)
    stage.settled(access_log={})


def test_foreign_variables_and_method_settings_stay_unless_purged(stage: t.Any, apigateway: t.Any, api_id: str) -> None:
    stage.ok()
    apigateway.update_stage(
        restApiId=api_id,
        stageName="prod",
        patchOperations=[
            {"op": "replace", "path": "/variables/theirs", "value": "1"},
            {"op": "replace", "path": "/~1v1~1models/GET/throttling/rateLimit", "value": "3"},
        ],
    )
    ours = {"variables": {"ours": "2"}, "method_settings": [{**ALL, "logging_level": "OFF", "path": "/v1/chat"}]}
    assert stage.predicted(**ours).changed
    there = read_back(apigateway, api_id)
    assert there["variables"] == {"theirs": "1", "ours": "2"}
    assert set(there["methodSettings"]) == {"~1v1~1models/GET", "~1v1~1chat/*"}
    assert stage.predicted(**ours, purge_variables=True, purge_method_settings=True).changed
    there = read_back(apigateway, api_id)
    assert there["variables"] == {"ours": "2"}
    assert set(there["methodSettings"]) == {"~1v1~1chat/*"}


def test_foreign_tags_stay_unless_purged(stage: t.Any, apigateway: t.Any, api_id: str) -> None:
    stage.ok(tags={"a": "1"})
    assert stage.predicted(tags={"b": "2"}).changed
    assert read_back(apigateway, api_id)["tags"] == {"a": "1", "b": "2"}
    assert stage.predicted(tags={"b": "2"}, purge_tags=True).changed
    assert read_back(apigateway, api_id)["tags"] == {"b": "2"}


def test_old_deployments_are_pruned_only_on_request(stage: t.Any, apigateway: t.Any, api_id: str) -> None:
    theirs = apigateway.create_deployment(restApiId=api_id, description="by hand")["id"]
    made = [stage.ok()["stage"]["deployment_id"]]
    for method in ("POST", "PUT", "DELETE"):
        change_api(apigateway, api_id, method)
        made.append(stage.ok()["stage"]["deployment_id"])
    assert set(deployments_of(apigateway, api_id)) == {theirs, *made}
    outcome = stage.ok(keep_deployments=0)
    assert set(outcome["pruned_deployments"]) == set(made[:-1])
    assert set(deployments_of(apigateway, api_id)) == {theirs, made[-1]}
    stage.settled(keep_deployments=0)


def test_without_a_log_role_nothing_is_written(stage: t.Any, apigateway: t.Any, api_id: str, faults: t.Any) -> None:
    message = stage.refused(access_log={"destination_arn": GROUP, "format": FORMAT})
    assert "api_gateway_account" in message
    assert "api_gateway_account" in stage.refused(method_settings=[{"path": "/*", "logging_level": "INFO"}])
    assert deployments_of(apigateway, api_id) == []
    # Firehose has a role of its own.
    stream = "arn:aws:firehose:eu-central-1:123456789012:deliverystream/amazon-apigateway-central-llm"
    assert stage.ok(access_log={"destination_arn": stream, "format": FORMAT}).changed


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "not a name"}, "no name of a stage"),
        ({"access_log": {"destination_arn": GROUP}}, "needs destination_arn and format"),
        ({"access_log": {"destination_arn": "nowhere", "format": FORMAT}}, "neither the ARN"),
        ({"access_log": {"destination_arn": GROUP, "format": "$context.status"}}, "$context.requestId"),
        (
            {"access_log": {"destination_arn": GROUP, "format": "$context.requestId $context.identity.apiKey"}},
            "apiKeyId",
        ),
        ({"variables": {"a-b": "1"}}, "stage variable"),
        ({"method_settings": [{"path": "/v1", "method": "FETCH"}]}, "no method"),
        ({"method_settings": [ALL, ALL]}, "twice"),
    ],
)
def test_bad_input_is_refused_before_any_call(
    stage: t.Any, faults: t.Any, options: dict[str, t.Any], said: str
) -> None:
    faults.forget_calls()
    assert said in stage.refused(**options)
    assert faults.calls() == []


def test_an_api_that_cannot_be_deployed_is_refused(stage: t.Any, apigateway: t.Any) -> None:
    empty = apigateway.create_rest_api(name="empty")["id"]
    assert "no method" in stage.refused(rest_api_id=empty)
    assert "no REST API" in stage.refused(rest_api_id="nothere123")
    assert "without a deployment" in stage.refused(deployment="unmanaged")
    assert deployments_of(apigateway, empty) == []


def test_logging_of_bodies_warns(stage: t.Any) -> None:
    outcome = stage.ok(method_settings=[{"path": "/*", "data_trace_enabled": True}])
    assert any("prompts" in str(warning) for warning in outcome["warnings"])


def test_throttling_is_ridden_out(stage: t.Any, apigateway: t.Any, api_id: str, faults: t.Any) -> None:
    faults.add("apigateway", "CreateDeployment", "TooManyRequestsException", status=429, times=2)
    assert stage.ok().changed
    assert len(deployments_of(apigateway, api_id)) == 1


def test_delete_and_delete_again(stage: t.Any, apigateway: t.Any, api_id: str) -> None:
    stage.ok()
    theirs = apigateway.create_deployment(restApiId=api_id, description="by hand")["id"]
    assert stage.predicted(state="absent").changed
    assert apigateway.get_stages(restApiId=api_id)["item"] == []
    assert deployments_of(apigateway, api_id) == [theirs]
    stage.settled(state="absent")
    stage.settled(state="absent", rest_api_id="nothere123")


def test_a_deployment_that_another_stage_uses_outlives_the_stage(stage: t.Any, apigateway: t.Any, api_id: str) -> None:
    shared = stage.ok()["stage"]["deployment_id"]
    apigateway.create_stage(restApiId=api_id, stageName="other", deploymentId=shared)
    assert stage.predicted(state="absent").changed
    assert deployments_of(apigateway, api_id) == [shared]


class TestAnApiThatIsYetToBeMade:
    def test_check_mode_predicts_the_stage(self, stage: t.Any) -> None:
        outcome = stage.ok(check=True, rest_api_id="", access_log={"destination_arn": GROUP, "format": FORMAT})
        assert outcome.changed and outcome["deployment_reason"] == "the API is yet to be made"
        assert outcome["stage"]["access_log"]["destination_arn"] == GROUP
        assert outcome["diff"]["before"] == {}

    def test_a_run_needs_it(self, stage: t.Any) -> None:
        assert "Only check mode" in stage.refused(rest_api_id="")

    def test_an_id_that_leads_nowhere_is_none(self, stage: t.Any) -> None:
        assert "no REST API with the id nowhere" in stage.refused(check=True, rest_api_id="nowhere")
