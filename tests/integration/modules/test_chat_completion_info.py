from __future__ import annotations

import json
import typing as t

import pytest

from tests.integration.modules.endpoint import endpoint

SECRET = "central-llm/clients/x"
KEY = "a-key-of-more-than-20-characters"
COMPLETION = json.dumps({"choices": [{"message": {"content": "Hello"}}], "usage": {"completion_tokens": 5}})
JSON = "application/json"


@pytest.fixture
def completion(run_module: t.Any, lab: t.Any) -> t.Any:
    lab.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps({"value": KEY}))
    module = run_module("chat_completion_info")
    return lambda url, **options: module(url=url, model="tiny", **options)


def test_an_answer(completion: t.Any) -> None:
    with endpoint(COMPLETION, kind=JSON, headers={"x-amz-apigw-id": "ABC="}) as (url, came):
        outcome = completion(url, secret=SECRET, headers={"x-llm-user": "tester"}, max_tokens=5)
    assert not outcome.failed and not outcome.changed, outcome
    assert (outcome["status"], outcome["tokens"], outcome["request_id"]) == (200, 5, "ABC=")
    assert outcome["seconds"] >= 0
    headers, body = came[0]
    assert headers["x-api-key"] == KEY and headers["x-llm-user"] == "tester"
    # By which an access log tells it from clients.
    assert {name.lower(): value for name, value in headers.items()}["user-agent"] == "central-llm"
    assert body == {"model": "tiny", "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 5}
    assert KEY not in json.dumps(outcome)


def test_check_mode_asks_just_so(completion: t.Any) -> None:
    with endpoint(COMPLETION, kind=JSON) as (url, came):
        outcome = completion(url, secret=SECRET, _ansible_check_mode=True)
    assert outcome["tokens"] == 5 and outcome["request_id"] == "" and len(came) == 1


def test_without_a_secret_there_is_no_key_and_no_call(completion: t.Any, faults: t.Any) -> None:
    with endpoint('{"message": "Forbidden"}', kind=JSON, status=403, headers={"x-amz-apigw-id": "DEF="}) as (url, came):
        outcome = completion(url, status=[403])
    assert not outcome.failed and (outcome["status"], outcome["tokens"], outcome["request_id"]) == (403, 0, "DEF=")
    assert "x-api-key" not in came[0][0]
    assert "GetSecretValue" not in faults.calls()


@pytest.mark.parametrize(
    ("answer", "expected", "message"),
    [
        ({"body": f"Forbidden {KEY}", "status": 403}, [200], "HTTP 403: Forbidden ******** (expected: 200)"),
        ({"body": COMPLETION}, [400, 403], "HTTP 200, and was to be 400 or 403"),
        ({"body": "Hello"}, [200], "no completion"),
        ({"body": "[]"}, [200], "no completion"),
        ({"body": json.dumps({"usage": {"completion_tokens": 0}})}, [200], "without a token"),
    ],
    ids=["refused", "let-in", "no-json", "no-completion", "empty"],
)
def test_anything_else_fails(completion: t.Any, answer: dict[str, t.Any], expected: list[int], message: str) -> None:
    with endpoint(**answer, kind=JSON) as (url, _came):
        outcome = completion(url, secret=SECRET, status=expected)
    assert outcome.failed and message in outcome["msg"]
    assert KEY not in json.dumps(outcome)


def test_too_many_requests_are_repeated_for_a_while(completion: t.Any) -> None:
    with endpoint(COMPLETION, kind=JSON, first=[(429, "Too Many Requests")]) as (url, came):
        outcome = completion(url, secret=SECRET)
    assert outcome["tokens"] == 5 and len(came) == 2
    # The time of the one that was answered.
    assert outcome["seconds"] < 1
    with endpoint("Too Many Requests", kind=JSON, status=429) as (url, came):
        outcome = completion(url, secret=SECRET, throttled_timeout=0)
    assert outcome.failed and "HTTP 429: Too Many Requests (expected: 200)" in outcome["msg"] and len(came) == 1
    with endpoint("Too Many Requests", kind=JSON, status=429) as (url, came):
        assert completion(url, secret=SECRET, status=[429])["status"] == 429
    assert len(came) == 1


def test_a_quota_that_is_used_up_is_not_asked_again(completion: t.Any) -> None:
    said = json.dumps({"error": {"message": "The quota is used up.", "code": "insufficient_quota"}})
    with endpoint(said, kind=JSON, status=429) as (url, came):
        outcome = completion(url, secret=SECRET)
    assert outcome.failed and "used up until its next period" in outcome["msg"] and "another client" in outcome["msg"]
    assert len(came) == 1


def test_nobody_there(completion: t.Any) -> None:
    assert "No answer from" in completion("http://127.0.0.1:9/v1")["msg"]


def test_an_answer_that_is_cut_off(completion: t.Any) -> None:
    with endpoint(COMPLETION, kind=JSON, headers={"Content-Length": str(len(COMPLETION) + 100)}) as (url, _came):
        outcome = completion(url, secret=SECRET)
    assert outcome.failed and "No answer from" in outcome["msg"] and "Traceback" not in json.dumps(outcome)


@pytest.mark.parametrize(("status", "message"), [([], "status: empty"), ([200, 42], "status: 42")])
def test_states_that_are_none(completion: t.Any, faults: t.Any, status: list[int], message: str) -> None:
    outcome = completion("http://127.0.0.1:9/v1", secret=SECRET, status=status)
    assert outcome.failed and message in outcome["msg"] and "GetSecretValue" not in faults.calls()


def test_the_secret_is_what_is_wrong(completion: t.Any, faults: t.Any) -> None:
    url = "http://127.0.0.1:9/v1"
    assert "There is no secret none" in completion(url, secret="none")["msg"]
    faults.add("secretsmanager", "GetSecretValue", "AccessDeniedException")
    assert "secretsmanager:GetSecretValue" in completion(url, secret=SECRET)["msg"]


def test_throttled(completion: t.Any, faults: t.Any) -> None:
    faults.add("secretsmanager", "GetSecretValue", "ThrottlingException", times=1)
    with endpoint(COMPLETION, kind=JSON) as (url, _came):
        assert completion(url, secret=SECRET)["tokens"] == 5
