"""A client developer points the stock OpenAI client at the gateway of a running service."""

from __future__ import annotations

import itertools
import time
import typing as t

import boto3
import openai
import pytest
import requests

from .conftest import HEADERS

MESSAGES: list[t.Any] = [{"role": "user", "content": "Say hello."}]
Clients = t.Callable[..., openai.OpenAI]


@pytest.fixture(autouse=True)
def _within_the_limits() -> None:
    """Five requests a second are what the key has: a test that does not test the limit stays below it."""
    time.sleep(1)


def ask(client: openai.OpenAI, **options: t.Any) -> t.Any:
    return client.chat.completions.create(
        model="tiny", messages=MESSAGES, max_tokens=24, extra_body={"ignore_eos": True}, **options
    )


def test_a_completion(client: Clients) -> None:
    answer = ask(client())
    assert answer.usage.completion_tokens == 24
    assert answer.choices[0].finish_reason == "length"


def test_the_model_is_listed(client: Clients) -> None:
    assert [model.id for model in client().models.list()] == ["tiny"]


def test_a_stream_arrives_in_pieces(client: Clients) -> None:
    """Not one a token: the engine joins what a slow reader has left waiting, and holds half a character back."""
    events = list(ask(client(), stream=True, stream_options={"include_usage": True}))
    texts = [event.choices[0].delta.content for event in events if event.choices and event.choices[0].delta.content]
    assert len(texts) > 1
    assert events[-1].usage.completion_tokens == 24


def test_a_stream_is_not_held_back(base_url: str, api_key: str) -> None:
    """The first event can be read while the answer is far from done: nobody on the way buffers it."""
    body = {"model": "tiny", "messages": MESSAGES, "max_tokens": 900, "ignore_eos": True, "stream": True}
    with requests.post(
        f"{base_url}/chat/completions", headers={**HEADERS, "x-api-key": api_key}, json=body, timeout=120, stream=True
    ) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        pieces = answer.iter_content(chunk_size=None)
        first = next(pieces)
        rest = b"".join(pieces)
    assert b"data: {" in first and b"data: [DONE]" not in first
    assert rest.rstrip().endswith(b"data: [DONE]")


@pytest.mark.parametrize("key", [None, "wrong" * 8])
def test_without_a_valid_key(client: Clients, key: str | None) -> None:
    with pytest.raises(openai.PermissionDeniedError) as refused:
        ask(client(key))
    assert refused.value.code == "invalid_api_key"
    assert "x-api-key" in refused.value.body["message"]  # type: ignore[index]


@pytest.mark.parametrize("header", sorted(HEADERS))
def test_without_a_required_header(client: Clients, header: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client(**{header: None}))
    assert header in refused.value.message
    assert refused.value.type == "invalid_request_error"


def test_a_route_that_is_not_allowed(base_url: str, api_key: str) -> None:
    answer = requests.get(
        f"{base_url.removesuffix('/v1')}/metrics", headers={**HEADERS, "x-api-key": api_key}, timeout=30
    )
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_over_the_burst(client: Clients) -> None:
    caller = client()
    with pytest.raises(openai.RateLimitError) as refused:
        for _attempt in range(60):
            caller.models.list()
    assert refused.value.code == "rate_limit_exceeded"
    assert refused.value.response.headers["retry-after"] == "1"
    time.sleep(2)
    assert list(caller.models.list())


def test_with_the_quota_used_up(client: Clients) -> None:
    """A client of its own with two requests a day, made and removed with plain boto3."""
    gateway = boto3.client("apigateway")
    api = next(api for api in gateway.get_rest_apis()["items"] if api["name"] == "central-llm-rest-api")
    plan = gateway.create_usage_plan(
        name="quota-of-two",
        quota={"limit": 2, "period": "DAY"},
        apiStages=[{"apiId": api["id"], "stage": "prod"}],
    )
    key = gateway.create_api_key(name="quota-of-two", enabled=True)
    try:
        gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
        caller = client(key["value"])
        assert list(caller.models.list())
        assert list(caller.models.list())
        with pytest.raises(openai.RateLimitError) as refused:
            caller.models.list()
        assert refused.value.code == "insufficient_quota"
    finally:
        gateway.delete_api_key(apiKey=key["id"])
        gateway.update_usage_plan(
            usagePlanId=plan["id"],
            patchOperations=[{"op": "remove", "path": "/apiStages", "value": f"{api['id']}:prod"}],
        )
        gateway.delete_usage_plan(usagePlanId=plan["id"])


def test_every_request_is_in_the_access_log_without_the_key(client: Clients, api_key: str) -> None:
    mark = f"mark-{time.time_ns()}"
    client(user_agent=mark).models.list()
    logs = boto3.client("logs")
    for attempt in itertools.count():
        events = logs.filter_log_events(logGroupName="/aws/apigateway/central-llm-rest-api/prod")["events"]
        lines = [event["message"] for event in events if mark in event["message"]]
        if lines:
            break
        assert attempt < 50, "the access log has no line of this request"
        time.sleep(0.2)
    assert '"status":"200"' in lines[0].replace(" ", "")
    assert api_key not in "".join(event["message"] for event in events)
