"""Usage plans: limits, stages and keys as AWS keeps them, read back with plain boto3."""

from __future__ import annotations

import typing as t

import pytest

NAME = "central-llm-usage-plan"
LIMITS = {"rate_limit": 5, "burst_limit": 10}
QUOTA = {"limit": 5000, "period": "DAY"}


@pytest.fixture
def usage_plan(run_module: t.Any) -> t.Any:
    return run_module("api_gateway_usage_plan")


@pytest.fixture
def apigateway(lab: t.Any) -> t.Any:
    return lab.client("apigateway")


@pytest.fixture
def api_id(apigateway: t.Any) -> str:
    """A REST API with the stages prod and test, and a method POST /v1/chat."""
    api = apigateway.create_rest_api(name="central-llm-rest-api", endpointConfiguration={"types": ["REGIONAL"]})["id"]
    (root,) = apigateway.get_resources(restApiId=api)["items"]
    version = apigateway.create_resource(restApiId=api, parentId=root["id"], pathPart="v1")["id"]
    chat = apigateway.create_resource(restApiId=api, parentId=version, pathPart="chat")["id"]
    method = {"restApiId": api, "resourceId": chat, "httpMethod": "POST"}
    apigateway.put_method(**method, authorizationType="NONE", apiKeyRequired=True)
    apigateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    for stage in ("prod", "test"):
        apigateway.create_deployment(restApiId=api, stageName=stage)
    return t.cast(str, api)


@pytest.fixture
def make_key(apigateway: t.Any) -> t.Callable[[str], str]:
    return lambda name: apigateway.create_api_key(name=name, enabled=True)["id"]


def only_plan(apigateway: t.Any) -> dict[str, t.Any]:
    (found,) = apigateway.get_usage_plans()["items"]
    return found


def keys_of(apigateway: t.Any, plan: dict[str, t.Any]) -> set[str]:
    return {key["id"] for key in apigateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]}


def test_create_and_create_again(usage_plan: t.Any, apigateway: t.Any, api_id: str, make_key: t.Any) -> None:
    key = make_key("client")
    options = {
        "name": NAME,
        "description": "For clients",
        "throttle": {"rate_limit": 0.5, "burst_limit": 10},
        "quota": {"limit": 5000, "offset": 2, "period": "WEEK"},
        "api_stages": [
            {
                "api_id": api_id,
                "stage": "prod",
                "throttle": [{"path": "/v1/chat", "method": "POST", "rate_limit": 0.25, "burst_limit": 2}],
            }
        ],
        "product_code": "code",
        "keys": [key],
        "tags": {"central-llm:stack": "central-llm"},
    }
    outcome = usage_plan.predicted(**options)
    assert outcome.changed
    found = only_plan(apigateway)
    assert outcome["usage_plan"]["id"] == found["id"]
    assert found["description"] == "For clients"
    assert found["throttle"] == {"rateLimit": 0.5, "burstLimit": 10}
    assert found["quota"] == {"limit": 5000, "offset": 2, "period": "WEEK"}
    (stage,) = found["apiStages"]
    assert (stage["apiId"], stage["stage"]) == (api_id, "prod")
    assert stage["throttle"] == {"/v1/chat/POST": {"rateLimit": 0.25, "burstLimit": 2}}
    assert found["productCode"] == "code"
    assert found["tags"] == {"central-llm:stack": "central-llm"}
    assert keys_of(apigateway, found) == {key}
    assert usage_plan.settled(**options)["usage_plan"] == outcome["usage_plan"]


def test_check_mode_creates_nothing(usage_plan: t.Any, apigateway: t.Any) -> None:
    outcome = usage_plan.ok(check=True, name=NAME, throttle=LIMITS)
    assert outcome.changed and "id" not in outcome["usage_plan"]
    assert apigateway.get_usage_plans()["items"] == []


def test_one_limit_changes_and_the_others_stay(usage_plan: t.Any, apigateway: t.Any) -> None:
    usage_plan.ok(name=NAME, throttle=LIMITS, quota=QUOTA, tags={"owner": "us"})
    outcome = usage_plan.predicted(name=NAME, throttle={"rate_limit": 7.25})
    assert outcome["diff"]["before"]["throttle"] == {"rate_limit": 5.0, "burst_limit": 10}
    assert outcome["diff"]["after"]["throttle"] == {"rate_limit": 7.25, "burst_limit": 10}
    found = only_plan(apigateway)
    assert found["throttle"] == {"rateLimit": 7.25, "burstLimit": 10}
    assert found["quota"] == {"limit": 5000, "offset": 0, "period": "DAY"}
    assert found["tags"] == {"owner": "us"}
    usage_plan.settled(name=NAME)


@pytest.mark.parametrize("member", ["throttle", "quota"])
def test_limits_are_removed_only_on_request(usage_plan: t.Any, apigateway: t.Any, member: str) -> None:
    usage_plan.ok(name=NAME, throttle=LIMITS, quota=QUOTA)
    usage_plan.settled(name=NAME)
    assert usage_plan.predicted(name=NAME, **{member: {}})["usage_plan"][member] == {}
    found = only_plan(apigateway)
    assert member not in found
    assert len({"throttle", "quota"} & set(found)) == 1
    usage_plan.settled(name=NAME, **{member: {}})
    # And come back.
    assert usage_plan.predicted(name=NAME, throttle=LIMITS, quota=QUOTA).changed
    assert {"throttle", "quota"} <= set(only_plan(apigateway))


def test_a_quota_changes_its_period_and_offset_together(usage_plan: t.Any, apigateway: t.Any) -> None:
    usage_plan.ok(name=NAME, quota=QUOTA)
    for period, offset in (("MONTH", 27), ("WEEK", 6), ("DAY", 0), ("WEEK", 1)):
        quota = {"period": period, "offset": offset}
        assert usage_plan.predicted(name=NAME, quota=quota).changed
        assert only_plan(apigateway)["quota"] == {"limit": 5000, **quota}
    message = usage_plan.refused(name=NAME, quota={"period": "DAY"})
    assert "offset is 1; with the period DAY it must be 0" in message


def test_texts_are_removed_by_empty_strings(usage_plan: t.Any, apigateway: t.Any) -> None:
    usage_plan.ok(name=NAME, description="For clients", product_code="code")
    assert usage_plan.predicted(name=NAME, description="", product_code="").changed
    assert "productCode" not in only_plan(apigateway) and not only_plan(apigateway).get("description")
    usage_plan.settled(name=NAME, description="", product_code="")


def test_foreign_stages_stay_unless_purged(usage_plan: t.Any, apigateway: t.Any, api_id: str) -> None:
    apigateway.create_usage_plan(name=NAME, apiStages=[{"apiId": api_id, "stage": "test"}])
    ours = [{"api_id": api_id, "stage": "prod"}]
    assert usage_plan.predicted(name=NAME, api_stages=ours).changed
    assert {stage["stage"] for stage in only_plan(apigateway)["apiStages"]} == {"prod", "test"}
    usage_plan.settled(name=NAME, api_stages=ours)
    assert usage_plan.predicted(name=NAME, api_stages=ours, purge_api_stages=True).changed
    assert {stage["stage"] for stage in only_plan(apigateway)["apiStages"]} == {"prod"}
    assert usage_plan.predicted(name=NAME, api_stages=[], purge_api_stages=True).changed
    assert only_plan(apigateway)["apiStages"] == []


def test_methods_get_change_keep_and_lose_their_limits(usage_plan: t.Any, apigateway: t.Any, api_id: str) -> None:
    def stages(throttle: t.Any) -> list[dict[str, t.Any]]:
        return [{"api_id": api_id, "stage": "prod", "throttle": throttle}]

    def limits() -> dict[str, t.Any]:
        (stage,) = only_plan(apigateway)["apiStages"]
        return t.cast("dict[str, t.Any]", stage.get("throttle", {}))

    method = {"path": "/v1/chat", "method": "POST"}
    usage_plan.ok(name=NAME, throttle=LIMITS, api_stages=stages(None))
    assert usage_plan.predicted(name=NAME, api_stages=stages([{**method, **LIMITS}])).changed
    assert limits() == {"/v1/chat/POST": {"rateLimit": 5.0, "burstLimit": 10}}
    assert usage_plan.predicted(name=NAME, api_stages=stages([{**method, "rate_limit": 1.5}])).changed
    assert limits() == {"/v1/chat/POST": {"rateLimit": 1.5, "burstLimit": 10}}
    usage_plan.settled(name=NAME, api_stages=stages(None))
    assert usage_plan.predicted(name=NAME, api_stages=stages([])).changed
    assert limits() == {}
    usage_plan.settled(name=NAME, api_stages=stages([]))


def test_foreign_keys_stay_unless_purged(usage_plan: t.Any, apigateway: t.Any, make_key: t.Any) -> None:
    foreign, ours = make_key("foreign"), make_key("ours")
    plan = apigateway.create_usage_plan(name=NAME)
    apigateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=foreign, keyType="API_KEY")
    assert usage_plan.predicted(name=NAME, keys=[ours]).changed
    assert keys_of(apigateway, plan) == {foreign, ours}
    usage_plan.settled(name=NAME, keys=[ours])
    assert usage_plan.predicted(name=NAME, keys=[ours], purge_keys=True).changed
    assert keys_of(apigateway, plan) == {ours}
    assert usage_plan.predicted(name=NAME, keys=[], purge_keys=True).changed
    assert keys_of(apigateway, plan) == set()
    assert {key["id"] for key in apigateway.get_api_keys()["items"]} == {foreign, ours}


def test_values_of_keys_are_not_returned(usage_plan: t.Any, apigateway: t.Any, make_key: t.Any) -> None:
    key = make_key("client")
    value = apigateway.get_api_key(apiKey=key, includeValue=True)["value"]
    assert value not in str(usage_plan.ok(name=NAME, keys=[key]))
    assert value not in str(usage_plan.settled(name=NAME))


def test_a_key_of_another_plan_of_the_stage_is_refused(
    usage_plan: t.Any, apigateway: t.Any, api_id: str, make_key: t.Any, faults: t.Any
) -> None:
    key = make_key("client")
    stages = [{"api_id": api_id, "stage": "prod"}]
    other = usage_plan.ok(name="other", api_stages=stages, keys=[key])["usage_plan"]["id"]
    faults.forget_calls()
    # An earlier task may have it leave that plan, which check mode does not see.
    (warning,) = usage_plan.ok(check=True, name=NAME, api_stages=stages, keys=[key])["warnings"]
    for message in (warning, usage_plan.refused(name=NAME, api_stages=stages, keys=[key])):
        assert other in message and key in message and f"{api_id}:prod" in message and "Detach it there" in message
    assert "CreateUsagePlan" not in faults.calls()
    # In a plan of another stage it is welcome.
    elsewhere = [{"api_id": api_id, "stage": "test"}]
    assert usage_plan.predicted(name=NAME, api_stages=elsewhere, keys=[key]).changed
    # A stage that comes later is refused by AWS.
    assert "ConflictException" in usage_plan.refused(name=NAME, api_stages=stages)
    # A key that leaves makes room for it.
    assert usage_plan.predicted(name=NAME, api_stages=stages, keys=[], purge_keys=True).changed


def test_keys_leave_one_by_one(usage_plan: t.Any, apigateway: t.Any, make_key: t.Any) -> None:
    first, second, third = (make_key(name) for name in ("first", "second", "third"))
    usage_plan.ok(name=NAME, keys=[first, second])
    assert usage_plan.predicted(name=NAME, keys=[third], detach_keys=[first, "nowhere"]).changed
    assert usage_plan.settled(name=NAME, keys=[third], detach_keys=[first])["usage_plan"]["keys"] == sorted(
        [second, third]
    )
    plan_id = apigateway.get_usage_plans()["items"][0]["id"]
    attached = apigateway.get_usage_plan_keys(usagePlanId=plan_id)["items"]
    assert {key["id"] for key in attached} == {second, third}


def test_check_mode_takes_a_key_that_is_yet_to_be_made(usage_plan: t.Any, apigateway: t.Any) -> None:
    for _plan in ("missing", "there"):
        outcome = usage_plan.ok(check=True, name=NAME, keys=[""])
        assert outcome.changed and "keys" not in outcome["usage_plan"]
        assert "(empty)" in usage_plan.refused(name=NAME, keys=[""])
        usage_plan.ok(name=NAME)


def test_an_unknown_key_is_refused_before_anything_is_touched(usage_plan: t.Any, apigateway: t.Any) -> None:
    assert "no API key with the id nowhere" in usage_plan.refused(name=NAME, keys=["nowhere"])
    assert apigateway.get_usage_plans()["items"] == []


def test_an_unknown_stage_is_refused_by_aws_and_named(usage_plan: t.Any, apigateway: t.Any, api_id: str) -> None:
    stages = [{"api_id": api_id, "stage": "missing"}]
    assert f"{api_id}:missing" in usage_plan.refused(name=NAME, api_stages=stages)
    assert apigateway.get_usage_plans()["items"] == []
    usage_plan.ok(name=NAME, throttle=LIMITS)
    message = usage_plan.refused(name=NAME, api_stages=stages, throttle={"rate_limit": 9}, tags={"a": "1"})
    assert f"{api_id}:missing" in message
    found = only_plan(apigateway)
    assert found["throttle"]["rateLimit"] == 5.0 and found.get("tags", {}) == {}


def test_foreign_tags_stay_unless_purged(usage_plan: t.Any, apigateway: t.Any) -> None:
    apigateway.create_usage_plan(name=NAME, tags={"foreign": "yes"})
    assert usage_plan.predicted(name=NAME, tags={"ours": "1"}).changed
    assert only_plan(apigateway)["tags"] == {"foreign": "yes", "ours": "1"}
    assert usage_plan.predicted(name=NAME, tags={"ours": "1"}, purge_tags=True).changed
    assert only_plan(apigateway)["tags"] == {"ours": "1"}


def test_the_id_wins_and_renames(usage_plan: t.Any, apigateway: t.Any) -> None:
    made = usage_plan.ok(name=NAME)["usage_plan"]["id"]
    assert usage_plan.predicted(id=made, name="central-llm-other").changed
    assert only_plan(apigateway)["name"] == "central-llm-other"
    usage_plan.settled(id=made)
    assert "no usage plan with the id nowhere" in usage_plan.refused(id="nowhere", name=NAME)
    assert "named central-llm-other, not" in usage_plan.refused(id=made, name=NAME, state="absent")
    assert only_plan(apigateway)["id"] == made


def test_several_plans_of_a_name_are_listed(usage_plan: t.Any, apigateway: t.Any) -> None:
    plans = [apigateway.create_usage_plan(name=NAME, description=text)["id"] for text in ("first", "second")]
    for state in ("present", "absent"):
        message = usage_plan.refused(name=NAME, state=state)
        assert all(plan in message for plan in plans) and "second" in message and "give the id" in message
    assert usage_plan.predicted(id=plans[1], throttle=LIMITS).changed


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"throttle": {"rate_limit": 5, "burst_limit": 0}}, "burst_limit is 0; it must be at least 1"),
        ({"throttle": {"rate_limit": 0, "burst_limit": 1}}, "must be above 0"),
        ({"throttle": {"rate_limit": -1.5, "burst_limit": 1}}, "rate_limit is -1.5"),
        ({"throttle": {"rate_limit": 5}}, "burst_limit is missing"),
        ({"throttle": {"rate_limit": "fast"}}, "rate_limit"),
        ({"quota": {"limit": 5}}, "period is missing"),
        ({"quota": {"limit": 5, "period": "YEAR"}}, "DAY, WEEK, MONTH"),
        ({"quota": {"limit": 5, "period": "DAY", "offset": 1}}, "it must be 0"),
        ({"api_stages": [{"api_id": "abc"}]}, "stage"),
        ({"tags": {"aws:mine": "1"}}, "AWS's own"),
    ],
)
def test_bad_input_is_refused_before_anything_is_touched(
    usage_plan: t.Any, faults: t.Any, options: dict[str, t.Any], words: str
) -> None:
    faults.forget_calls()
    assert words in usage_plan.refused(name=NAME, **options)
    assert set(faults.calls()) <= {"GetUsagePlans"}


def test_a_denial_names_the_missing_action_and_the_run_is_finished_by_another(
    usage_plan: t.Any, apigateway: t.Any, api_id: str, make_key: t.Any, faults: t.Any
) -> None:
    key = make_key("client")
    options = {"name": NAME, "product_code": "code", "keys": [key], "api_stages": [{"api_id": api_id, "stage": "prod"}]}
    faults.add("apigateway", "CreateUsagePlanKey", "AccessDeniedException", status=403, message="not today")
    message = usage_plan.refused(**options)
    assert "apigateway:POST /usageplans/*/keys" in message and key in message
    assert keys_of(apigateway, only_plan(apigateway)) == set()
    assert usage_plan.predicted(**options).changed
    assert keys_of(apigateway, only_plan(apigateway)) == {key}
    usage_plan.settled(**options)


def test_a_creation_that_broke_off_is_finished(usage_plan: t.Any, apigateway: t.Any, faults: t.Any) -> None:
    faults.add("apigateway", "UpdateUsagePlan", "AccessDeniedException", status=403, message="not today")
    assert "apigateway:PATCH" in usage_plan.refused(name=NAME, product_code="code")
    assert usage_plan.predicted(name=NAME, product_code="code").changed
    assert only_plan(apigateway)["productCode"] == "code"


def test_throttling_is_ridden_out(usage_plan: t.Any, apigateway: t.Any, faults: t.Any) -> None:
    faults.add("apigateway", "CreateUsagePlan", "TooManyRequestsException", status=429, times=2)
    assert usage_plan.ok(name=NAME).changed
    assert only_plan(apigateway)["name"] == NAME


def test_delete_and_delete_again(usage_plan: t.Any, apigateway: t.Any, api_id: str, make_key: t.Any) -> None:
    key = make_key("client")
    stages = [{"api_id": api_id, "stage": stage} for stage in ("prod", "test")]
    usage_plan.ok(name=NAME, api_stages=stages, keys=[key])
    assert usage_plan.predicted(name=NAME, state="absent").changed
    assert apigateway.get_usage_plans()["items"] == []
    assert [found["id"] for found in apigateway.get_api_keys()["items"]] == [key]
    usage_plan.settled(name=NAME, state="absent")


def test_a_deletion_that_broke_off_is_finished(
    usage_plan: t.Any, apigateway: t.Any, api_id: str, faults: t.Any
) -> None:
    usage_plan.ok(name=NAME, api_stages=[{"api_id": api_id, "stage": "prod"}])
    faults.add("apigateway", "DeleteUsagePlan", "AccessDeniedException", status=403, message="not today")
    assert "apigateway:DELETE" in usage_plan.refused(name=NAME, state="absent")
    assert only_plan(apigateway)["apiStages"] == []
    assert usage_plan.predicted(name=NAME, state="absent").changed
    assert apigateway.get_usage_plans()["items"] == []
