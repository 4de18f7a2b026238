"""AWS WAF in front of the gateway: switched on, narrowed, opened, and switched off again."""

from __future__ import annotations

import typing as t

import requests

from lab.context import LabContext

HEADERS = {"x-llm-source": "tests", "x-llm-user": "tester", "x-llm-request-type": "chat"}
ON = {"llm_gateway_waf": True}


def test_who_may_call_is_narrowed_and_opened_again(
    role: t.Callable[[str], t.Any], lab: LabContext, gateway_variables: dict[str, t.Any]
) -> None:
    gateway, api, waf = role("llm_gateway"), lab.client("apigateway"), lab.client("wafv2")
    foretold = gateway.ok(check=True, **gateway_variables, **ON)
    run = gateway.ok(**gateway_variables, **ON)
    assert run.changed == foretold.changed, run.output
    value = api.get_api_keys(includeValues=True)["items"][0]["value"]
    url = f"{lab.edge_url}/restapis/{api.get_rest_apis()['items'][0]['id']}/prod/_user_request_/healthz"

    def asked() -> requests.Response:
        return requests.get(url, headers={**HEADERS, "x-api-key": value}, timeout=60)

    def rules() -> list[dict[str, t.Any]]:
        (found,) = waf.list_web_acls(Scope="REGIONAL")["WebACLs"]
        acl = waf.get_web_acl(Name=found["Name"], Scope="REGIONAL", Id=found["Id"])["WebACL"]
        return t.cast("list[dict[str, t.Any]]", acl["Rules"])

    assert asked().status_code == 200
    names = ["rate", "AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet"]
    assert [rule["Name"] for rule in rules()] == names
    # No rule cuts a prompt off, and no sample of a request, with its key, is kept.
    common = rules()[2]["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"]
    assert {each["Name"] for each in common} >= {"SizeRestrictions_BODY", "CrossSiteScripting_BODY"}
    assert all(each["ActionToUse"] == {"Count": {}} for each in common)
    assert not any(rule["VisibilityConfig"]["SampledRequestsEnabled"] for rule in rules())
    assert gateway.ok(**gateway_variables, **ON).changed == 0

    others = {**ON, "llm_gateway_waf_allowed_cidrs": ["203.0.113.0/24", "2001:db8::/32"]}
    foretold = gateway.ok(check=True, **gateway_variables, **others)
    run = gateway.ok(**gateway_variables, **others)
    assert run.changed == foretold.changed == 2, run.output
    refused = asked()
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_let_in")
    assert gateway.ok(**gateway_variables, **others).changed == 0

    ours = {**ON, "llm_gateway_waf_allowed_cidrs": ["127.0.0.0/8"]}
    foretold = gateway.ok(check=True, **gateway_variables, **ours)
    run = gateway.ok(**gateway_variables, **ours)
    assert run.changed == foretold.changed == 3, run.output
    assert asked().status_code == 200
    assert [each["Name"] for each in waf.list_ip_sets(Scope="REGIONAL")["IPSets"]] == ["central-llm-allowed-ipv4"]

    foretold = gateway.ok(check=True, **gateway_variables)
    run = gateway.ok(**gateway_variables)
    assert run.changed == foretold.changed == 2, run.output
    assert waf.list_web_acls(Scope="REGIONAL")["WebACLs"] == waf.list_ip_sets(Scope="REGIONAL")["IPSets"] == []
    assert asked().status_code == 200
    assert gateway.ok(**gateway_variables).changed == 0

    gateway.ok(**gateway_variables, **others)
    gateway.ok("absent", **gateway_variables, **others)
    assert waf.list_web_acls(Scope="REGIONAL")["WebACLs"] == waf.list_ip_sets(Scope="REGIONAL")["IPSets"] == []
    assert api.get_rest_apis()["items"] == []


def test_what_makes_no_sense_is_refused(role: t.Callable[[str], t.Any], gateway_variables: dict[str, t.Any]) -> None:
    for wrong in ({"llm_gateway_waf_rate_limit": 5}, {"llm_gateway_waf_allowed_cidrs": ["everybody"]}):
        assert "203.0.113.0/24" in role("llm_gateway").refused(**gateway_variables, **ON, **wrong)
