from __future__ import annotations

import json
import typing as t

import pytest

from tests.integration.modules.endpoint import endpoint

SECRET = "central-llm/clients/x"
KEY = "a-key-of-more-than-20-characters"
PIECES = [json.dumps({"choices": [{"delta": {"content": text}}]}) for text in ("Hel", "lo")]
WHOLE = "".join(f"data: {data}\n\n" for data in [*PIECES, '{"choices":[],"usage":{"completion_tokens":5}}', "[DONE]"])


@pytest.fixture
def stream(run_module: t.Any, lab: t.Any) -> t.Any:
    lab.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps({"value": KEY}))
    module = run_module("chat_stream_info")
    return lambda url, **options: module(url=url, model="tiny", **{"secret": SECRET, **options})


def test_a_whole_stream(stream: t.Any) -> None:
    with endpoint(WHOLE) as (url, came):
        outcome = stream(url, headers={"x-llm-user": "tester"}, max_tokens=5)
    assert not outcome.failed and not outcome.changed, outcome
    assert outcome["tokens"] == 5 and outcome["first_token_seconds"] <= outcome["seconds"]
    headers, body = came[0]
    assert headers["x-api-key"] == KEY and headers["x-llm-user"] == "tester"
    assert headers["accept"] == "text/event-stream"
    assert body["stream"] is True and body["max_tokens"] == 5
    assert KEY not in json.dumps(outcome)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"body": '{"message": "Forbidden ' + KEY + '"}', "status": 403}, "HTTP 403"),
        ({"body": "{}", "kind": "application/json"}, "no stream of events"),
        ({"body": WHOLE.replace("data: [DONE]\n\n", "")}, "without [DONE]"),
        ({"body": 'data: {"error": {"message": "died"}}\n\ndata: [DONE]\n\n'}, "died"),
    ],
    ids=["refused", "no-stream", "cut", "error"],
)
def test_anything_less_fails(stream: t.Any, answer: dict[str, t.Any], message: str) -> None:
    with endpoint(**answer) as (url, _came):
        outcome = stream(url)
    assert outcome.failed and message in outcome["msg"]
    assert KEY not in json.dumps(outcome)


def test_too_many_requests_are_repeated_for_a_while(stream: t.Any) -> None:
    with endpoint(WHOLE, first=[(429, "Too Many Requests")]) as (url, came):
        outcome = stream(url)
    assert outcome["tokens"] == 5 and len(came) == 2
    # It is not the time of the gateway's refusals that is measured.
    assert outcome["first_token_seconds"] < 1
    with endpoint('{"error": {"code": "insufficient_quota"}}', status=429) as (url, came):
        outcome = stream(url)
    assert outcome.failed and "used up until its next period" in outcome["msg"] and len(came) == 1


def test_nobody_there(stream: t.Any) -> None:
    assert "No answer from" in stream("http://127.0.0.1:9/v1")["msg"]


def test_the_secret_is_what_is_wrong(stream: t.Any, lab: t.Any, faults: t.Any) -> None:
    url = "http://127.0.0.1:9/v1"
    assert "There is no secret none" in stream(url, secret="none")["msg"]
    lab.client("secretsmanager").create_secret(Name="plain", SecretString=KEY)
    outcome = stream(url, secret="plain")
    assert "is no JSON" in outcome["msg"] and KEY not in json.dumps(outcome)
    faults.add("secretsmanager", "GetSecretValue", "AccessDeniedException")
    assert "secretsmanager:GetSecretValue" in stream(url)["msg"]
