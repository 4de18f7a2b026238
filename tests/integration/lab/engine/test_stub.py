"""The stand-in, asked by the stock client and by hand."""

from __future__ import annotations

import json
import signal
import socket
import time
import typing as t

import openai
import pytest
from engine_support import STOP_SECONDS, Running, Start

QUESTION: t.Any = [{"role": "user", "content": "which way?"}]
READY_SECONDS = 60


@pytest.fixture(scope="module")
def stub(start: Start) -> Running:
    running = start("lab/stub", "--model", "/models/tiny", "--served-model-name", "tiny", "--max-model-len", "1024")
    running.wait_until_healthy(READY_SECONDS)
    return running


@pytest.fixture(scope="module")
def client(stub: Running) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{stub.url}/v1", api_key="unused", max_retries=0, timeout=60)


def test_it_lists_its_model(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["tiny"]


def test_a_chat_completion_is_the_same_streamed_and_whole(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="tiny", messages=QUESTION, max_tokens=6)
    assert whole.usage is not None
    assert whole.usage.completion_tokens == 6
    chunks = list(
        client.chat.completions.create(
            model="tiny", messages=QUESTION, max_tokens=6, stream=True, stream_options={"include_usage": True}
        )
    )
    told = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert len([part for part in told if part]) == 6
    assert "".join(part or "" for part in told) == whole.choices[0].message.content
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage
    assert chunks[-2].choices[0].finish_reason == "length"


def test_a_completion_is_the_same_streamed_and_whole(client: openai.OpenAI) -> None:
    whole = client.completions.create(model="tiny", prompt="which way?", max_tokens=4)
    chunks = list(client.completions.create(model="tiny", prompt="which way?", max_tokens=4, stream=True))
    assert len(chunks) == 4
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.choices[0].text


def test_the_stream_ends_with_done(stub: Running) -> None:
    body = {"model": "tiny", "messages": QUESTION, "max_tokens": 2, "stream": True}
    status, content = stub.request("POST", "/v1/chat/completions", json.dumps(body).encode())
    assert status == 200
    events = content.decode().split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    assert all(event.startswith("data: {") for event in events[:-2])


def test_tokens_leave_one_by_one(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="tiny", messages=QUESTION, max_tokens=1000, stream=True, extra_headers={"x-stub-token-delay": "1"}
    )
    with stream:
        # All of it would take more than a quarter of an hour.
        assert next(iter(stream)).choices[0].delta.role == "assistant"


def test_errors_have_vllms_shapes(stub: Running, client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="other", messages=QUESTION)
    assert missing.value.type == "NotFoundError"
    assert missing.value.param == "model"
    with pytest.raises(openai.BadRequestError, match="max_tokens"):
        client.chat.completions.create(model="tiny", messages=QUESTION, max_tokens=0, stream=True)
    status, content = stub.request("POST", "/v1/chat/completions", b"{bad")
    assert status == 400
    assert set(json.loads(content)["error"]) == {"message", "type", "param", "code"}
    assert stub.post("/v1/chat/completions", {"model": "tiny"})[0] == 400
    assert stub.post("/v1/chat/completions", ["tiny"])[0] == 400
    status, content = stub.request("GET", "/nowhere")
    assert (status, json.loads(content)) == (404, {"detail": "Not Found"})
    status, content = stub.request("GET", "/v1/chat/completions")
    assert (status, json.loads(content)) == (405, {"detail": "Method Not Allowed"})


def test_it_tells_which_headers_arrived_but_not_their_values(stub: Running) -> None:
    stub.post("/v1/completions", {"prompt": "x"}, **{"X-LLM-Source": "here", "authorization": "Bearer secret"})
    status, content = stub.request("GET", "/_stub/last-request-headers")
    assert status == 200
    assert {"x-llm-source", "authorization"} <= set(json.loads(content))
    assert b"secret" not in content


def test_the_request_id_becomes_the_answers(stub: Running) -> None:
    body = {"model": "tiny", "messages": QUESTION}
    assert stub.post("/v1/chat/completions", body, **{"x-request-id": "mine"})[1]["id"] == "chatcmpl-mine"


def test_options_of_vllm_are_taken_and_told(stub: Running) -> None:
    assert "--max-model-len 1024" in stub.log.read_text()


def test_it_listens_late_when_told_and_ends_on_sigterm(start: Start) -> None:
    begun = time.monotonic()
    late = start("lab/stub", "--model", "tiny", "--start-delay", "1.5", address="127.0.0.3")
    late.wait_until_healthy(READY_SECONDS)
    assert time.monotonic() - begun >= 1.5
    late.process.send_signal(signal.SIGTERM)
    assert late.process.wait(STOP_SECONDS) == 0


@pytest.mark.parametrize(("seconds", "finishes"), [("0", False), ("30", True)])
def test_on_sigterm_an_answer_under_way_gets_as_long_as_the_engine_was_told(
    start: Start, seconds: str, finishes: bool
) -> None:
    engine = start("lab/stub", "--served-model-name", "tiny", "--shutdown-timeout", seconds, address="127.0.0.4")
    engine.wait_until_healthy(READY_SECONDS)
    asked = openai.OpenAI(base_url=f"{engine.url}/v1", api_key="unused", max_retries=0, timeout=60)
    stream = iter(
        asked.chat.completions.create(
            model="tiny", messages=QUESTION, max_tokens=8, stream=True, extra_headers={"x-stub-token-delay": "0.4"}
        )
    )
    assert next(stream).choices[0].delta.role == "assistant"
    engine.process.send_signal(signal.SIGTERM)
    if finishes:
        assert list(stream)[-1].choices[0].finish_reason == "length"
    else:
        with pytest.raises(openai.APIError):
            list(stream)
    assert engine.process.wait(STOP_SECONDS) == 0


HEADERS = {"x-llm-gateway-request-id": "JRZ1pHe5oAMF1zg=", "x-llm-user": "alice", "x-llm-source": "terminal"}


def test_it_carries_the_middleware_of_the_image(start: Start) -> None:
    running = start("lab/stub", "--served-model-name", "tiny", "--middleware", "central_llm_audit.Middleware")
    running.wait_until_healthy(READY_SECONDS)
    question = {"model": "tiny", "messages": QUESTION, "max_tokens": 6}
    assert running.post("/v1/chat/completions", question, **HEADERS)[0] == 200
    streamed = json.dumps({**question, "stream": True, "stream_options": {"include_usage": True}}).encode()
    assert running.request("POST", "/v1/chat/completions", streamed, **HEADERS)[0] == 200
    assert running.post("/v1/chat/completions", {**question, "model": "other"}, **HEADERS)[0] == 404
    # A client that leaves in the middle of a stream.
    with socket.create_connection((running.address, running.port)) as connection:
        slow = json.dumps({**question, "stream": True, "max_tokens": 200}).encode()
        head = f"Host: x\r\nx-stub-token-delay: 0.01\r\nContent-Length: {len(slow)}\r\n\r\n"
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\n" + head.encode() + slow)
        assert connection.recv(1000)
    running.wait_for_line('"outcome":"client_gone"', READY_SECONDS)
    lines = [line for line in running.log.read_text().splitlines() if "central_llm_audit" in line]
    found = [json.loads(line) for line in lines if line.startswith("{")]
    assert [(each["status"], each["outcome"], each["total_tokens"], each["stream"]) for each in found] == [
        (200, "completed", 8, False),
        (200, "completed", 8, True),
        (404, "refused", None, False),
        (200, "client_gone", None, True),
    ]
    assert found[0]["user"] == "alice" and found[0]["gateway_request_id"] == "JRZ1pHe5oAMF1zg="
    assert all("which way" not in line for line in lines)
