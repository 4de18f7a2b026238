"""Stock clients show their key as a bearer token: switched on and off again under load, and what the log then tells."""

from __future__ import annotations

import json
import threading
import typing as t
from collections.abc import Iterator

import openai
import pytest
import requests

from lab.context import LabContext
from lab.functions.plane import FunctionsPlane

HEADERS = {"x-llm-source": "tests", "x-llm-user": "tester", "x-llm-request-type": "chat"}
BEARER = {"llm_gateway_auth": "bearer"}
FUNCTION = "central-llm-authorizer"


@pytest.fixture
def functions(lab: LabContext) -> Iterator[None]:
    plane = FunctionsPlane()
    plane.start(lab)
    yield
    plane.stop()


def stock_client(base: str, key: str, headers: dict[str, str]) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{base}/v1", api_key=key, default_headers=headers, max_retries=0, timeout=60)


def log_of(lab: LabContext, status: str) -> list[dict[str, str]]:
    group = "/aws/apigateway/central-llm-rest-api/prod"
    lines = [
        json.loads(event["message"]) for event in lab.client("logs").filter_log_events(logGroupName=group)["events"]
    ]
    return [line for line in lines if line["status"] == status]


@pytest.mark.usefixtures("functions")
def test_a_bearer_token_is_a_key_as_long_as_that_is_asked_for(
    role: t.Callable[[str], t.Any], lab: LabContext, gateway_variables: dict[str, t.Any]
) -> None:
    gateway, api = role("llm_gateway"), lab.client("apigateway")
    gateway.ok(**gateway_variables)
    value = api.get_api_keys(includeValues=True)["items"][0]["value"]
    api_id = api.get_rest_apis()["items"][0]["id"]
    base = f"{lab.edge_url}/restapis/{api_id}/prod/_user_request_"
    bearer = {**HEADERS, "Authorization": f"Bearer {value}"}

    def healthy(headers: dict[str, str]) -> int:
        return requests.get(f"{base}/healthz", headers=headers, timeout=60).status_code

    assert (healthy({**HEADERS, "x-api-key": value}), healthy(bearer)) == (200, 403)

    statuses, over = list[int](), threading.Event()

    def ask() -> None:
        while not over.is_set():
            statuses.append(healthy({**HEADERS, "x-api-key": value}))
            over.wait(0.3)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        foretold = gateway.ok(check=True, **gateway_variables, **BEARER)
        assert api.get_authorizers(restApiId=api_id)["items"] == []
        run = gateway.ok(**gateway_variables, **BEARER)
        assert run.changed == foretold.changed == 6, run.output
        assert gateway.ok(**gateway_variables, **BEARER).changed == 0

        # The stock client as it comes: nothing is served, but its key lets it through, and no other does.
        with stock_client(base, value, HEADERS) as client, pytest.raises(openai.InternalServerError) as served:
            client.models.list()
        assert served.value.code == "service_unavailable"
        with stock_client(base, "wrong" * 8, HEADERS) as client, pytest.raises(openai.PermissionDeniedError) as wrong:
            client.models.list()
        assert wrong.value.code == "invalid_api_key"
        with (
            stock_client(base, value, {"x-llm-user": "ann"}) as client,
            pytest.raises(openai.BadRequestError) as missing,
        ):
            client.models.list()
        assert missing.value.code == "missing_required_header"
        # As before, a placeholder as the bearer token beside it too.
        assert healthy({**HEADERS, "x-api-key": value, "Authorization": "Bearer unused"}) == 200
        assert (healthy(bearer), healthy(HEADERS)) == (200, 403)

        # The log tells who was refused, and no line of any log has the key.
        for status in ("403", "400", "200"):
            lines = wait_for(lambda status=status: [x for x in log_of(lab, status) if x.get("user", "-") != "-"])
            assert {line["user"] for line in lines} == {"ann" if status == "400" else "tester"}
        assert value not in everything_logged(lab)

        back = gateway.ok(check=True, **gateway_variables)
        run = gateway.ok(**gateway_variables)
        assert run.changed == back.changed, run.output
    finally:
        over.set()
        asking.join(60)
    assert len(statuses) > 10 and set(statuses) == {200}
    assert (healthy({**HEADERS, "x-api-key": value}), healthy(bearer)) == (200, 403)
    assert api.get_authorizers(restApiId=api_id)["items"] == []
    assert [f for f in lab.client("lambda").list_functions()["Functions"] if f["FunctionName"] == FUNCTION] == []
    assert [r for r in lab.client("iam").list_roles()["Roles"] if FUNCTION in r["RoleName"]] == []
    assert lab.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{FUNCTION}")["logGroups"] == []
    assert gateway.ok(**gateway_variables).changed == 0

    gateway.ok(**gateway_variables, **BEARER)
    gateway.ok("absent", **gateway_variables, **BEARER)
    assert lab.client("lambda").list_functions()["Functions"] == []
    assert api.get_rest_apis()["items"] == []


def test_what_makes_no_sense_is_refused(role: t.Callable[[str], t.Any], gateway_variables: dict[str, t.Any]) -> None:
    said = role("llm_gateway").refused(**gateway_variables, llm_gateway_auth="oauth")
    assert "key, bearer" in said or "key or bearer" in said


def wait_for(look: t.Callable[[], list[t.Any]]) -> list[t.Any]:
    """The access log is written a moment after the answer."""
    over = threading.Event()
    for _attempt in range(100):
        found = look()
        if found:
            return found
        over.wait(0.1)
    raise AssertionError("nothing was logged")


def everything_logged(lab: LabContext) -> str:
    logs = lab.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    return "\n".join(
        event["message"] for group in groups for event in logs.filter_log_events(logGroupName=group)["events"]
    )
