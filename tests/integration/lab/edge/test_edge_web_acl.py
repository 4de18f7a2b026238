"""A web ACL in front of a stage: who is let in by address, and how often."""

from __future__ import annotations

import typing as t

import pytest
from edge_support import Api, Backend

OTHERS, OURS = "192.0.2.0/24", "127.0.0.0/8"


@pytest.fixture
def served(api: Api, backend: Backend) -> Api:
    api.proxy("/chat", backend.url + "/chat")
    api.deploy()
    return api


def visible(name: str) -> dict[str, t.Any]:
    return {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": True, "MetricName": name}


def ip_set(api: Api, *addresses: str) -> str:
    made = api.ctx.client("wafv2").create_ip_set(
        Name="allowed", Scope="REGIONAL", IPAddressVersion="IPV4", Addresses=list(addresses)
    )
    return t.cast(str, made["Summary"]["ARN"])


def protect(api: Api, *rules: dict[str, t.Any], default: str = "Allow") -> str:
    waf = api.ctx.client("wafv2")
    numbered = [
        {"Priority": number, "VisibilityConfig": visible(rule["Name"]), **rule} for number, rule in enumerate(rules)
    ]
    made = waf.create_web_acl(
        Name="own", Scope="REGIONAL", DefaultAction={default: {}}, Rules=numbered, VisibilityConfig=visible("own")
    )
    arn = f"arn:aws:apigateway:{api.ctx.region}::/restapis/{api.api_id}/stages/{api.stage}"
    waf.associate_web_acl(WebACLArn=made["Summary"]["ARN"], ResourceArn=arn)
    return t.cast(str, made["Summary"]["Id"])


def only(arn: str) -> dict[str, t.Any]:
    inside = {"IPSetReferenceStatement": {"ARN": arn}}
    return {"Name": "others", "Statement": {"NotStatement": {"Statement": inside}}, "Action": {"Block": {}}}


def test_only_the_addresses_of_a_set_are_let_in(served: Api, backend: Backend) -> None:
    arn = ip_set(served, OTHERS)
    assert served.post("/chat").status_code == 200
    protect(served, only(arn))
    backend.seen.clear()
    answer = served.post("/chat")
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (403, "ForbiddenException")
    # Before everything else: also where there is no route.
    assert served.post("/nothing").json() == {"message": "Forbidden"}
    assert not backend.seen
    waf = served.ctx.client("wafv2")
    found = waf.list_ip_sets(Scope="REGIONAL")["IPSets"][0]
    waf.update_ip_set(
        Name="allowed", Scope="REGIONAL", Id=found["Id"], LockToken=found["LockToken"], Addresses=[OTHERS, OURS]
    )
    assert served.post("/chat").status_code == 200


def test_an_address_that_comes_too_often_is_kept_out(served: Api) -> None:
    rate = {"RateBasedStatement": {"Limit": 10, "EvaluationWindowSec": 600, "AggregateKeyType": "IP"}}
    protect(served, {"Name": "rate", "Statement": rate, "Action": {"Block": {}}})
    assert [served.post("/chat").status_code for _number in range(12)] == [200] * 10 + [403] * 2


def test_the_first_rule_that_decides_does_so_and_counting_does_not(served: Api) -> None:
    arn = ip_set(served, OURS)
    inside = {"IPSetReferenceStatement": {"ARN": arn}}
    counted = {"Name": "counted", "Statement": inside, "Action": {"Count": {}}}
    managed = {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}}
    group = {"Name": "common", "Statement": managed, "OverrideAction": {"None": {}}}
    protect(served, counted, group, {"Name": "us", "Statement": inside, "Action": {"Allow": {}}}, default="Block")
    assert served.post("/chat").status_code == 200


def test_a_refusal_is_in_the_words_of_the_api(openai_errors: Api, backend: Backend) -> None:
    api = openai_errors
    api.proxy("/chat", backend.url + "/chat")
    api.client.put_gateway_response(
        restApiId=api.api_id,
        responseType="WAF_FILTERED",
        statusCode="403",
        responseTemplates={"application/json": '{"error":{"code":"not_let_in"}}'},
    )
    api.deploy()
    protect(api, only(ip_set(api, OTHERS)))
    assert api.post("/chat").json() == {"error": {"code": "not_let_in"}}


def test_what_is_in_use_stays(served: Api) -> None:
    waf = served.ctx.client("wafv2")
    acl_id = protect(served, only(ip_set(served, OTHERS)))
    kept = waf.list_ip_sets(Scope="REGIONAL")["IPSets"][0]
    with pytest.raises(waf.exceptions.WAFAssociatedItemException):
        waf.delete_ip_set(Name="allowed", Scope="REGIONAL", Id=kept["Id"], LockToken=kept["LockToken"])
    acl = waf.get_web_acl(Name="own", Scope="REGIONAL", Id=acl_id)
    with pytest.raises(waf.exceptions.WAFAssociatedItemException):
        waf.delete_web_acl(Name="own", Scope="REGIONAL", Id=acl_id, LockToken=acl["LockToken"])
    with pytest.raises(waf.exceptions.WAFOptimisticLockException):
        waf.delete_web_acl(Name="own", Scope="REGIONAL", Id=acl_id, LockToken="00000000-0000-0000-0000-000000000000")
    # With the stage goes its protection.
    served.client.delete_stage(restApiId=served.api_id, stageName=served.stage)
    arns = waf.list_resources_for_web_acl(WebACLArn=acl["WebACL"]["ARN"], ResourceType="API_GATEWAY")["ResourceArns"]
    assert arns == []
    waf.delete_web_acl(Name="own", Scope="REGIONAL", Id=acl_id, LockToken=acl["LockToken"])
    waf.delete_ip_set(Name="allowed", Scope="REGIONAL", Id=kept["Id"], LockToken=kept["LockToken"])


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"Statement": {"RateBasedStatement": {"Limit": 10, "EvaluationWindowSec": 61, "AggregateKeyType": "IP"}}},
         "WAFInvalidParameterException"),
        ({"Statement": {"IPSetReferenceStatement": {"ARN": "arn:aws:wafv2:eu-central-1:1:regional/ipset/x/y"}}},
         "WAFNonexistentItemException"),
        ({"Statement": {}}, "WAFInvalidParameterException"),
    ],
)  # fmt: skip
def test_rules_that_make_no_sense_are_refused(served: Api, rule: dict[str, t.Any], code: str) -> None:
    waf = served.ctx.client("wafv2")
    with pytest.raises(waf.exceptions.ClientError) as refused:
        protect(served, {"Name": "x", "Action": {"Block": {}}, **rule})
    assert refused.value.response["Error"]["Code"] == code
    assert waf.list_web_acls(Scope="REGIONAL")["WebACLs"] == []
