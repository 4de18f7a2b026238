"""A client developer points the stock OpenAI client at the gateway of a running service."""

from __future__ import annotations

import itertools
import json
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


class Asked(t.NamedTuple):
    """What a client was told of one request."""

    request_id: str
    status: int
    tokens: tuple[int, int] | None
    words: str


def asked(url: str, body: dict[str, t.Any], headers: dict[str, str], leave: bool = False) -> Asked:
    with requests.post(f"{url}/chat/completions", headers=headers, json=body, timeout=120, stream=True) as answer:
        request_id, status = answer.headers["x-amz-apigw-id"], answer.status_code
        if leave:
            next(answer.iter_content(chunk_size=None))
            return Asked(request_id, status, None, "")
        lines = [line.removeprefix(b"data: ") for line in answer.content.split(b"\n\n") if line.strip()]
    events = [json.loads(line) for line in lines if line != b"[DONE]"]
    usage = next((event["usage"] for event in reversed(events) if event.get("usage")), None)
    choices = [choice for event in events for choice in event.get("choices", [])]
    words = "".join((each.get("message") or each.get("delta") or {}).get("content") or "" for each in choices)
    return Asked(request_id, status, (usage["prompt_tokens"], usage["completion_tokens"]) if usage else None, words)


def everything_logged() -> str:
    logs = boto3.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    pages = logs.get_paginator("filter_log_events")
    return "\n".join(
        event["message"] for group in groups for page in pages.paginate(logGroupName=group) for event in page["events"]
    )


def test_the_audit_accounts_for_every_request_and_repeats_nothing_of_it(base_url: str, api_key: str) -> None:
    """Whole and streamed, refused by the gateway and by the engine, and left in the middle."""
    hush = "kumquat-under-the-seventh-bridge"
    headers = {**HEADERS, "x-api-key": api_key, "x-llm-user": "auditor", "x-request-id": "not-the-audits"}
    body = {"model": "tiny", "messages": [{"role": "user", "content": hush}], "max_tokens": 24, "ignore_eos": True}
    stream = {**body, "stream": True, "stream_options": {"include_usage": True}}
    engine, refused = [], []
    for _round in range(3):
        engine += [asked(base_url, body, headers), asked(base_url, stream, headers)]
        engine += [asked(base_url, {**body, "model": "none"}, headers)]
        engine += [asked(base_url, {**stream, "max_tokens": 900}, headers, leave=True)]
        refused += [asked(base_url, body, {**headers, "x-api-key": "wrong" * 8})]
        refused += [asked(base_url, body, {name: value for name, value in headers.items() if name != "x-llm-source"})]
        time.sleep(1)
    # Over the burst: some of these are let through, all of them have a record.
    burst = [requests.get(f"{base_url}/models", headers=headers, timeout=30) for _attempt in range(20)]
    passed = [each.headers["x-amz-apigw-id"] for each in burst if each.status_code == 200]
    throttled = [each.headers["x-amz-apigw-id"] for each in burst if each.status_code == 429]
    assert throttled and [each.status for each in refused] == [403, 400] * 3

    of_engine = {each.request_id for each in engine} | set(passed)
    of_gateway = of_engine | {each.request_id for each in refused} | set(throttled)
    table = boto3.resource("dynamodb").Table("CentralLLMAudit")
    for attempt in itertools.count():
        items = {item["request_id"]: item for item in table.scan()["Items"]}
        lacking = {each for each in of_gateway if "gateway_line" not in items.get(each, {})}
        lacking |= {each for each in of_engine if "engine_line" not in items.get(each, {})}
        if not lacking:
            break
        assert attempt < 300, f"no record within a minute: {lacking}"
        time.sleep(0.2)
    for each in engine:
        item = items[each.request_id]
        counted = (item["prompt_tokens"], item["completion_tokens"]) if "total_tokens" in item else None
        assert (item["gateway_status"], item["engine_status"], item["user"]) == (each.status, each.status, "auditor")
        assert item["outcome"] in (["refused"] if each.status == 404 else ["completed", "client_gone", "aborted"])
        assert each.tokens in (None, counted)
        assert item["client_request_id"] == "not-the-audits"
    assert sum(each.tokens is not None for each in engine) == 6
    for name in of_gateway - of_engine:
        assert items[name]["gateway_status"] in (400, 403, 429) and "engine_line" not in items[name]
    assert not [item for item in items.values() if "engine_more" in item or "gateway_more" in item]

    told = everything_logged() + repr(items)
    answers = {each.words for each in engine if len(each.words) > 20}
    assert answers and "auditor" in told
    assert [secret for secret in [api_key, hush, *answers] if secret in told] == []
