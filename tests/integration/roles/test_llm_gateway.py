"""The gateway's role: what becomes of one client is no business of another; the link is exchanged; legacy goes."""

from __future__ import annotations

import threading
import typing as t

import requests

from lab.context import LabContext

HEADERS = {"x-llm-source": "tests", "x-llm-user": "tester", "x-llm-request-type": "chat"}
DEFAULT, LEGACY = "central-llm-client", "/aws/apigwv2/central-llm-http-api"


def client_of(lab: LabContext, name: str) -> dict[str, t.Any]:
    """All that there is of a client: its keys, what they are attached to, and what was published."""
    gateway, secrets = lab.client("apigateway"), lab.client("secretsmanager")
    keys = gateway.get_api_keys(includeValues=True)["items"]
    ours = [key for key in keys if key["tags"].get("central-llm:client") == name]
    plans = {
        key["id"]: [
            {what: plan.get(what) for what in ("id", "name", "throttle", "quota", "apiStages", "tags")}
            for plan in gateway.get_usage_plans(keyId=key["id"])["items"]
        ]
        for key in ours
    }
    published = [
        (secret["ARN"], secret["Tags"], secrets.get_secret_value(SecretId=secret["ARN"])["SecretString"])
        for secret in secrets.list_secrets()["SecretList"]
        if secret["Name"] == f"central-llm/clients/{name}" and "DeletedDate" not in secret
    ]
    return {"keys": ours, "plans": plans, "published": published}


def plan_names(client: dict[str, t.Any]) -> list[str]:
    return [plan["name"] for plans in client["plans"].values() for plan in plans]


def test_clients_come_and_go_and_the_link_is_exchanged(
    role: t.Callable[[str], t.Any], lab: LabContext, gateway_variables: dict[str, t.Any]
) -> None:
    gateway, logs = role("llm_gateway"), lab.client("logs")
    api, own = lab.client("apigateway"), {"rate_limit": 1.0, "quota_limit": 7}
    clients = [{"name": DEFAULT}, {"name": "analytics", "plan": own}, {"name": "passing", "plan": own}]
    gateway.ok(**gateway_variables, llm_gateway_clients=clients)
    before = {name: client_of(lab, name) for name in (DEFAULT, "analytics", "passing")}
    assert plan_names(before[DEFAULT]) == ["central-llm-usage-plan"]
    assert plan_names(before["analytics"]) == ["central-llm-usage-plan-analytics"]
    (plan,) = next(iter(before["analytics"]["plans"].values()))
    assert (plan["throttle"], plan["quota"]["limit"]) == ({"rateLimit": 1.0, "burstLimit": 10}, 7)
    settings = api.get_stage(restApiId=api.get_rest_apis()["items"][0]["id"], stageName="prod")["methodSettings"]
    assert settings["*/*"]["throttlingRateLimit"] == 50 and settings["*/*"]["throttlingBurstLimit"] == 100

    # One comes, disabled; what a former path left cannot be removed, which is said, and nothing more. A log that
    # somebody keeps for ever stays so where no retention is asked for.
    (access,) = logs.describe_log_groups(logGroupNamePrefix="/aws/apigateway/")["logGroups"]
    logs.delete_retention_policy(logGroupName=access["logGroupName"])
    logs.create_log_group(logGroupName=LEGACY)
    clients.append({"name": "guest", "enabled": False})
    deny(lab, "logs", "DeleteLogGroup")
    run = gateway.ok(
        **gateway_variables,
        llm_gateway_clients=clients,
        llm_gateway_legacy_log_groups=[LEGACY],
        llm_gateway_log_retention_days=None,
    )
    (access,) = logs.describe_log_groups(logGroupNamePrefix="/aws/apigateway/")["logGroups"]
    assert "retentionInDays" not in access
    assert f"The log group {LEGACY} is still there" in run.output and "logs:DeleteLogGroup" in run.output
    assert logs.describe_log_groups(logGroupNamePrefix=LEGACY)["logGroups"]
    assert {name: client_of(lab, name) for name in before} == before
    guest = client_of(lab, "guest")
    assert [key["enabled"] for key in guest["keys"]] == [False] and guest["published"]

    # One is let in, with limits of its own, one gives its own up, one goes; and the API changes over to a link of
    # version 2. Whoever is none of them notices nothing.
    (former,) = api.get_vpc_links()["items"]
    clients = [{"name": DEFAULT}, {"name": "analytics"}, {"name": "guest", "plan": own}]
    changed = {
        "llm_gateway_clients": clients,
        "llm_gateway_purge_clients": True,
        "llm_gateway_legacy_log_groups": [LEGACY],
        "llm_gateway_vpc_link_version": 2,
        "llm_gateway_former_vpc_link_id": former["id"],
    }
    key = before[DEFAULT]["keys"][0]
    statuses, over = list[int](), threading.Event()
    url = f"{lab.edge_url}/restapis/{api.get_rest_apis()['items'][0]['id']}/prod/_user_request_/v1/models"

    def ask() -> None:
        # Nothing is served: what counts is that no answer is about a link or a key.
        while not over.is_set():
            statuses.append(requests.get(url, headers={**HEADERS, "x-api-key": key["value"]}, timeout=60).status_code)
            over.wait(0.3)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        gateway.ok(**{**gateway_variables, **changed})
    finally:
        over.set()
        asking.join(60)
    # The way through the link leads to a balancer without targets.
    assert len(statuses) > 3 and set(statuses) == {503}
    assert api.get_vpc_links()["items"] == []
    (link,) = lab.client("apigatewayv2").get_vpc_links()["Items"]
    resources = api.get_resources(restApiId=api.get_rest_apis()["items"][0]["id"], embed=["methods"])["items"]
    used = {
        method["methodIntegration"].get("connectionId")
        for resource in resources
        for method in resource.get("resourceMethods", {}).values()
    }
    assert used == {link["VpcLinkId"], None}
    assert logs.describe_log_groups(logGroupNamePrefix=LEGACY)["logGroups"] == []

    now = {name: client_of(lab, name) for name in (DEFAULT, "analytics", "passing", "guest")}
    assert now[DEFAULT] == before[DEFAULT]
    assert now["passing"] == {"keys": [], "plans": {}, "published": []}
    assert plan_names(now["analytics"]) == ["central-llm-usage-plan"]
    assert now["analytics"]["keys"] == before["analytics"]["keys"]
    assert now["analytics"]["published"] == before["analytics"]["published"]
    assert plan_names(now["guest"]) == ["central-llm-usage-plan-guest"]
    assert now["guest"]["published"] == guest["published"]
    assert [(key["value"], key["enabled"]) for key in now["guest"]["keys"]] == [(guest["keys"][0]["value"], True)]
    assert len(api.get_usage_plans()["items"]) == 2

    again = gateway.ok(**{**gateway_variables, **changed})
    assert again.changed == 0, again.output
    requests.delete(f"{lab.endpoint_url}/_lab/calls", timeout=30).raise_for_status()
    gateway.ok("absent", **{**gateway_variables, **changed})
    # The API would make its log again.
    calls = [call["operation"] for call in requests.get(f"{lab.endpoint_url}/_lab/calls", timeout=30).json()]
    assert calls.index("DeleteRestApi") < calls.index("DeleteLogGroup")
    assert logs.describe_log_groups(logGroupNamePrefix="API-Gateway-Execution-Logs_")["logGroups"] == []
    assert api.get_api_keys()["items"] == api.get_usage_plans()["items"] == api.get_rest_apis()["items"] == []
    assert lab.client("apigatewayv2").get_vpc_links()["Items"] == []
    assert lab.client("secretsmanager").list_secrets()["SecretList"] == []


def deny(lab: LabContext, service: str, operation: str) -> None:
    fault = {
        "service": service,
        "operation": operation,
        "code": "AccessDeniedException",
        "status": 400,
        "message": f"User is not authorized to perform: {service}:{operation}",
    }
    requests.post(f"{lab.endpoint_url}/_lab/faults", json=fault, timeout=30).raise_for_status()
