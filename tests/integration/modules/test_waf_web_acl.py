from __future__ import annotations

import typing as t

import pytest

RATE = {
    "Name": "rate",
    "Priority": 1,
    "Statement": {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}},
    "Action": {"Block": {}},
}
MANAGED = {
    "Name": "common",
    "Priority": 2,
    "Statement": {
        "ManagedRuleGroupStatement": {
            "VendorName": "AWS",
            "Name": "AWSManagedRulesCommonRuleSet",
            "RuleActionOverrides": [
                {"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}},
                {"Name": "CrossSiteScripting_BODY", "ActionToUse": {"Count": {}}},
            ],
        }
    },
    "OverrideAction": {"None": {}},
}
OPTIONS = {"name": "own", "rules": [MANAGED, RATE], "tags": {"owner": "us"}}


@pytest.fixture
def web_acl(run_module: t.Any) -> t.Any:
    return run_module("waf_web_acl")


@pytest.fixture
def waf(lab: t.Any) -> t.Any:
    return lab.client("wafv2")


@pytest.fixture
def stage(lab: t.Any) -> t.Callable[[str], str]:
    """Makes a stage of an API; the ARN by which it can be protected."""
    gateway = lab.client("apigateway")
    api = gateway.create_rest_api(name="own")
    where = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**where, authorizationType="NONE")
    gateway.put_integration(**where, type="MOCK")

    def make(name: str) -> str:
        gateway.create_deployment(restApiId=api["id"], stageName=name)
        return f"arn:aws:apigateway:{lab.region}::/restapis/{api['id']}/stages/{name}"

    return make


def there(waf: t.Any) -> dict[str, t.Any] | None:
    for each in waf.list_web_acls(Scope="REGIONAL")["WebACLs"]:
        if each["Name"] == "own":
            return t.cast("dict[str, t.Any]", waf.get_web_acl(Name="own", Scope="REGIONAL", Id=each["Id"])["WebACL"])
    return None


def protected(waf: t.Any) -> list[str]:
    found = there(waf)
    assert found
    answer = waf.list_resources_for_web_acl(WebACLArn=found["ARN"], ResourceType="API_GATEWAY")
    return t.cast("list[str]", answer["ResourceArns"])


def test_create_and_create_again(web_acl: t.Any, waf: t.Any) -> None:
    outcome = web_acl.predicted(**OPTIONS)
    assert [rule["Name"] for rule in outcome["web_acl"]["rules"]] == ["rate", "common"]
    found = there(waf)
    assert found and found["DefaultAction"] == {"Allow": {}}
    visible = found["Rules"][0]["VisibilityConfig"]
    # Samples would have the requests' headers, keys among them.
    assert visible == {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": True, "MetricName": "rate"}
    assert found["VisibilityConfig"]["SampledRequestsEnabled"] is False
    web_acl.settled(**OPTIONS)
    web_acl.settled(**{**OPTIONS, "rules": [RATE, MANAGED]})


def test_check_mode_creates_nothing(web_acl: t.Any, waf: t.Any) -> None:
    assert web_acl.ok(check=True, **OPTIONS, resources=[""]).changed
    assert there(waf) is None


def test_one_option_changes_and_what_is_not_managed_stays(web_acl: t.Any, waf: t.Any) -> None:
    web_acl.ok(**OPTIONS, description="ours")
    found = there(waf)
    assert found
    token = waf.get_web_acl(Name="own", Scope="REGIONAL", Id=found["Id"])["LockToken"]
    page = {"own": {"ContentType": "TEXT_PLAIN", "Content": "no"}}
    settings = {key: found[key] for key in ("DefaultAction", "Rules", "VisibilityConfig", "Description")}
    association = {"RequestBody": {"API_GATEWAY": {"DefaultSizeInspectionLimit": "KB_48"}}}
    waf.update_web_acl(
        Name="own", Scope="REGIONAL", Id=found["Id"], LockToken=token, CustomResponseBodies=page,
        AssociationConfig=association, **settings,
    )  # fmt: skip
    outcome = web_acl.predicted(name="own", default_action="block")
    assert (outcome["diff"]["before"]["default_action"], outcome["diff"]["after"]["default_action"]) == (
        "allow",
        "block",
    )
    now = there(waf)
    assert now and now["DefaultAction"] == {"Block": {}} and now["Rules"] == found["Rules"]
    assert (now["CustomResponseBodies"], now["AssociationConfig"]) == (page, association)
    assert now["Description"] == "ours"
    assert web_acl.predicted(name="own", rules=[RATE]).changed
    assert web_acl.predicted(name="own", description="").changed
    web_acl.settled(name="own")


def searched(text: t.Any) -> dict[str, t.Any]:
    """A rule that looks for a text, one level down."""
    match = {
        "SearchString": text,
        "FieldToMatch": {"UriPath": {}},
        "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
        "PositionalConstraint": "CONTAINS",
    }
    statement = {"NotStatement": {"Statement": {"ByteMatchStatement": match}}}
    return {"Name": "paths", "Priority": 3, "Statement": statement, "Action": {"Block": {}}}


def test_a_text_that_is_searched_for_is_no_change(web_acl: t.Any, waf: t.Any, faults: t.Any) -> None:
    rules = [RATE, searched("/v1/\u00fc")]
    outcome = web_acl.predicted(name="own", rules=rules)
    assert outcome["web_acl"]["rules"][1]["Statement"] == rules[1]["Statement"]
    found = there(waf)
    assert found
    sent = found["Rules"][1]["Statement"]["NotStatement"]["Statement"]["ByteMatchStatement"]
    assert sent["SearchString"] == "/v1/\u00fc".encode()
    web_acl.settled(name="own", rules=rules)
    faults.lose("wafv2", "UpdateWebACL")
    assert web_acl.ok(name="own", rules=[RATE, searched("/v2/")]).changed


def test_bytes_that_are_no_text_stay(web_acl: t.Any, waf: t.Any) -> None:
    web_acl.ok(name="own", rules=[searched("/v1/")])
    found = there(waf)
    assert found
    token = waf.get_web_acl(Name="own", Scope="REGIONAL", Id=found["Id"])["LockToken"]
    settings = {key: found[key] for key in ("DefaultAction", "VisibilityConfig")}
    rules = [{**found["Rules"][0], **searched(b"\xff\x00")}]
    waf.update_web_acl(Name="own", Scope="REGIONAL", Id=found["Id"], LockToken=token, Rules=rules, **settings)
    assert web_acl.predicted(name="own", default_action="block").changed
    shown = web_acl.ok(name="own")["web_acl"]["rules"]
    web_acl.settled(name="own", rules=shown)
    assert web_acl.predicted(name="own", rules=[*shown, RATE]).changed
    now = there(waf)
    assert now and rules[0] in now["Rules"]


def test_stages_are_protected_and_let_go(web_acl: t.Any, waf: t.Any, lab: t.Any, stage: t.Any) -> None:
    first, second = stage("first"), stage("second")
    assert web_acl.predicted(**OPTIONS, resources=[first]).changed
    assert protected(waf) == [first]
    api_id = first.split("/")[2]
    assert lab.client("apigateway").get_stage(restApiId=api_id, stageName="first")["webAclArn"]
    web_acl.settled(**OPTIONS, resources=[first])
    # One more beside it; then only that.
    assert web_acl.predicted(**OPTIONS, resources=[second]).changed
    assert protected(waf) == [first, second]
    web_acl.settled(**OPTIONS)
    assert web_acl.predicted(**OPTIONS, resources=[second], purge_resources=True).changed
    assert protected(waf) == [second]
    web_acl.settled(**OPTIONS, resources=[second], purge_resources=True)


def test_what_was_just_made_may_take_a_moment(web_acl: t.Any, waf: t.Any, faults: t.Any, stage: t.Any) -> None:
    for operation in ("CreateWebACL", "AssociateWebACL"):
        faults.add("wafv2", operation, "WAFUnavailableEntityException", status=400, message="wait", times=1)
    arn = stage("prod")
    assert web_acl.ok(**OPTIONS, resources=[arn]).changed
    assert protected(waf) == [arn]


def test_tags_of_others_stay_unless_purged(web_acl: t.Any) -> None:
    web_acl.ok(**OPTIONS)
    assert web_acl.predicted(name="own", tags={"ours": "1"})["web_acl"]["tags"] == {"owner": "us", "ours": "1"}
    assert web_acl.predicted(name="own", tags={"ours": "1"}, purge_tags=True)["web_acl"]["tags"] == {"ours": "1"}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"rules": [{**RATE, "Statement": {"RateBasedStatement": {"Limit": 9}}}]}, "10 to 2000000000"),
        ({"rules": [RATE, {**MANAGED, "Priority": 1}]}, "Priority 1"),
        ({"rules": [RATE, {**RATE, "Priority": 3}]}, "Name rate"),
        ({"rules": [{**MANAGED, "Action": {"Block": {}}}]}, "OverrideAction"),
        ({"rules": [{**RATE, "OverrideAction": {"None": {}}}]}, "no OverrideAction"),
        ({"rules": [{"Name": "x", "Priority": 1}]}, "Statement is missing"),
        ({"resources": ["arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/x/1"]}, "no ARN of a stage"),
        ({"resources": [""]}, "no ARN of a stage"),
    ],
)
def test_bad_input_stops_before_any_call(web_acl: t.Any, faults: t.Any, options: dict[str, t.Any], why: str) -> None:
    faults.forget_calls()
    assert why in web_acl.refused(name="own", **options)
    assert faults.calls() == []


@pytest.mark.parametrize("operation", ["CreateWebACL", "AssociateWebACL"])
def test_a_denial_names_the_missing_action(web_acl: t.Any, faults: t.Any, stage: t.Any, operation: str) -> None:
    arn = stage("prod")
    faults.add("wafv2", operation, "AccessDeniedException", status=400, message="not today")
    assert f"wafv2:{operation}" in web_acl.refused(**OPTIONS, resources=[arn])


def test_throttling_is_ridden_out(web_acl: t.Any, faults: t.Any) -> None:
    faults.add("wafv2", "CreateWebACL", "ThrottlingException", times=2)
    assert web_acl.ok(**OPTIONS).changed


def test_lost_answers_are_no_failures(web_acl: t.Any, waf: t.Any, faults: t.Any) -> None:
    faults.lose("wafv2", "CreateWebACL")
    assert web_acl.ok(**OPTIONS).changed
    faults.lose("wafv2", "UpdateWebACL")
    assert web_acl.ok(name="own", rules=[RATE]).changed
    found = there(waf)
    assert found and [rule["Name"] for rule in found["Rules"]] == ["rate"]
    faults.lose("wafv2", "DeleteWebACL")
    assert web_acl.ok(name="own", state="absent").changed
    assert there(waf) is None


def test_delete_only_ones_own_and_delete_again(web_acl: t.Any, waf: t.Any, stage: t.Any) -> None:
    web_acl.ok(**OPTIONS, resources=[stage("prod")])
    web_acl.settled(name="own", state="absent", tags={"owner": "them"})
    assert web_acl.predicted(name="own", state="absent", tags={"owner": "us"}).changed
    assert there(waf) is None
    web_acl.settled(name="own", state="absent")
