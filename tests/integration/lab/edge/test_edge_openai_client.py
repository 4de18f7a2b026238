"""The stock OpenAI client meets the edge's refusals as its own typed errors."""

from __future__ import annotations

import openai
import pytest
from edge_support import DEADLINE, Api, Backend

CHAT = "/v1/chat/completions"


@pytest.fixture
def service(openai_errors: Api, backend: Backend) -> Api:
    api = openai_errors
    validator = api.client.create_request_validator(
        restApiId=api.api_id, name="headers", validateRequestParameters=True, validateRequestBody=False
    )
    api.proxy(
        CHAT,
        "http://127.0.0.1:1/",
        apiKeyRequired=True,
        requestParameters={"method.request.header.x-llm-user": True},
        requestValidatorId=validator["id"],
    )
    api.deploy()
    return api


def ask(api: Api, key: str | None = None, user: str | None = "ann") -> None:
    headers = {**({"x-api-key": key} if key else {}), **({"x-llm-user": user} if user else {})}
    client = openai.OpenAI(
        base_url=api.url("/v1"), api_key="unused", default_headers=headers, max_retries=0, timeout=DEADLINE
    )
    with client:
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])


@pytest.mark.parametrize("key", [None, "wrong" * 8])
def test_no_key_or_a_wrong_one(service: Api, key: str | None) -> None:
    with pytest.raises(openai.PermissionDeniedError) as caught:
        ask(service, key)
    assert (caught.value.code, caught.value.type) == ("INVALID_API_KEY", "INVALID_API_KEY")


def test_a_missing_header_is_named(service: Api) -> None:
    _key_id, value, _plan = service.key()
    with pytest.raises(openai.BadRequestError, match="x-llm-user") as caught:
        ask(service, value, user=None)
    assert caught.value.code == "BAD_REQUEST_PARAMETERS"


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        ({"throttle": {"rateLimit": 0.001, "burstLimit": 1}}, "THROTTLED"),
        ({"quota": {"limit": 1, "period": "MONTH"}}, "QUOTA_EXCEEDED"),
    ],
)
def test_too_many_requests(service: Api, plan: dict[str, object], code: str) -> None:
    _key_id, value, _plan = service.key(plan)
    with pytest.raises(openai.InternalServerError):
        ask(service, value)
    with pytest.raises(openai.RateLimitError) as caught:
        ask(service, value)
    assert caught.value.code == code
    assert caught.value.response.headers["Retry-After"] == "7"


def test_an_engine_that_is_down(service: Api) -> None:
    _key_id, value, _plan = service.key()
    with pytest.raises(openai.InternalServerError) as caught:
        ask(service, value)
    assert (caught.value.status_code, caught.value.code) == (504, "INTEGRATION_FAILURE")
