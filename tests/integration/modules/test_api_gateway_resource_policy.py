from __future__ import annotations

import json
import typing as t

import pytest

from lab.context import LabContext

OPEN = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
CLOSED = {**OPEN, "Effect": "Deny", "Condition": {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}}
POLICY = {"Version": "2012-10-17", "Statement": [OPEN, CLOSED]}


@pytest.fixture
def api_id(lab: LabContext) -> str:
    return str(lab.client("apigateway").create_rest_api(name="api")["id"])


@pytest.fixture
def policy(run_module: t.Any, api_id: str) -> t.Any:
    module = run_module("api_gateway_resource_policy")

    class Bound:
        def __getattr__(self, name: str) -> t.Any:
            return lambda **options: getattr(module, name)(**{"rest_api_id": api_id, **options})

    return Bound()


def stored(lab: LabContext, api_id: str) -> t.Any:
    text = lab.client("apigateway").get_rest_api(restApiId=api_id).get("policy")
    return text and json.loads(json.loads(f'"{text}"'))


def test_set_changed_and_removed(policy: t.Any, lab: LabContext, api_id: str) -> None:
    assert policy.predicted(policy=POLICY).changed
    found = stored(lab, api_id)
    assert [statement["Effect"] for statement in found["Statement"]] == ["Allow", "Deny"]
    assert found["Statement"][0]["Resource"].endswith(f":{api_id}/*")
    policy.settled(policy=POLICY)
    # The same in other words.
    policy.settled(policy=json.dumps({**POLICY, "Statement": [CLOSED, {**OPEN, "Resource": ["execute-api:/*"]}]}))
    narrower = {**POLICY, "Statement": [OPEN]}
    assert policy.predicted(policy=narrower).changed
    assert len(stored(lab, api_id)["Statement"]) == 1
    assert policy.predicted(state="absent").changed
    assert stored(lab, api_id) is None
    policy.settled(state="absent")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{", "no JSON"),
        ({"Version": "2012-10-17"}, "it has no Statement"),
        ({"Statement": [{**OPEN, "Effect": "Perhaps"}]}, "neither Allow nor Deny"),
        ({"Statement": [{**OPEN, "Sid": "x" * 8200}]}, "longer than"),
    ],
)
def test_bad_input_stops_before_the_first_call(policy: t.Any, faults: t.Any, given: t.Any, message: str) -> None:
    faults.forget_calls()
    assert message in policy.refused(policy=given)
    assert faults.calls() == []


def test_an_api_that_is_missing(run_module: t.Any) -> None:
    module = run_module("api_gateway_resource_policy")
    assert "no REST API with the id nosuchapi1" in module.refused(rest_api_id="nosuchapi1", policy=POLICY)
    assert module.ok(check=True, rest_api_id="", policy=POLICY).changed
    assert "empty" in module.refused(rest_api_id="", policy=POLICY)


def test_denied_and_throttled(policy: t.Any, faults: t.Any, lab: LabContext, api_id: str) -> None:
    faults.add("apigateway", "UpdateRestApi", "AccessDeniedException", status=403)
    assert "apigateway:PATCH" in policy.refused(policy=POLICY)
    assert stored(lab, api_id) is None
    faults.add("apigateway", "UpdateRestApi", "TooManyRequestsException", status=429, times=2)
    assert policy.ok(policy=POLICY).changed
