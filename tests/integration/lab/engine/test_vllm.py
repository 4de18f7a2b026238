"""The real vLLM on the CPU, started as a task's process is: what it answers, and how it ends."""

from __future__ import annotations

import contextlib
import json
import signal
import time
import typing as t
from pathlib import Path

import openai
import pytest
from engine_support import STOP_SECONDS, Running, Start

from lab.engine import environment

pytestmark = pytest.mark.engine

QUESTION: t.Any = [{"role": "user", "content": "Which way does a request take?"}]
# The first start on a busy machine compiles thousands of modules.
READY_SECONDS = 420
TASK = ["--model", "/models/tiny", "--served-model-name", "tiny", "--dtype", "float32", "--max-model-len", "1024"]
TASK += ["--max-num-seqs", "16", "--enforce-eager"]


@pytest.fixture(scope="module")
def vllm(start: Start) -> Running:
    environment.install(print)
    running = start("lab/vllm-cpu", *TASK)
    running.wait_until_healthy(READY_SECONDS)
    return running


@pytest.fixture(scope="module")
def client(vllm: Running) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{vllm.url}/v1", api_key="unused", max_retries=0, timeout=120)


def test_the_first_prompt_may_be_a_single_token(vllm: Running) -> None:
    # Some CPUs kill an engine that starts with one in bfloat16; float32 holds.
    body = {"model": "tiny", "prompt": [10], "max_tokens": 3, "ignore_eos": True}
    status, answer = vllm.post("/v1/completions", body)
    assert status == 200
    assert answer["usage"] == {**answer["usage"], "prompt_tokens": 1, "completion_tokens": 3}


def test_it_is_vllm_itself_and_not_a_child_of_the_entrypoint(vllm: Running) -> None:
    assert Path(f"/proc/{vllm.process.pid}/comm").read_text().strip() == "vllm"


def test_it_streams_a_chat_completion(client: openai.OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="tiny",
            messages=QUESTION,
            max_tokens=24,
            stream=True,
            stream_options={"include_usage": True},
            extra_body={"ignore_eos": True},
        )
    )
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 24
    assert len([chunk for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]) > 1
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "length"


def test_the_other_ways_of_asking(vllm: Running, client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["tiny"]
    assert client.completions.create(model="tiny", prompt="hello", max_tokens=4).usage is not None
    limits: dict[str, t.Any] = {"model": "tiny", "max_tokens": 8, "messages": QUESTION}
    # Structured output, the Responses API and Anthropic's shape need packages of their own.
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    status, answer = vllm.post("/v1/chat/completions", {**limits, "max_tokens": 200, "response_format": form})
    assert status == 200, answer
    assert answer["choices"][0]["message"]["content"].lstrip().startswith("{")
    assert vllm.post("/v1/responses", {"model": "tiny", "input": "hello", "max_output_tokens": 8})[0] == 200
    assert vllm.post("/v1/messages", limits)[0] == 200
    assert vllm.post("/tokenize", {"model": "tiny", "prompt": "hello"})[0] == 200


def test_it_tells_its_metrics(vllm: Running) -> None:
    status, content = vllm.request("GET", "/metrics")
    assert status == 200
    assert b"vllm:prompt_tokens_total" in content


def test_its_errors(vllm: Running, client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="other", messages=QUESTION)
    status, content = vllm.request("POST", "/v1/chat/completions", b"{bad")
    assert (status, set(json.loads(content)["error"])) == (400, {"message", "type", "param", "code"})
    assert json.loads(vllm.request("GET", "/nowhere")[1]) == {"detail": "Not Found"}


def alive_in_group(group: int) -> list[str]:
    """Who of a process group still runs; what waits to be reaped by init does not."""
    alive = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name in brackets may itself hold blanks: state, parent and group follow the last bracket.
            name, _bracket, rest = stat.read_text().rpartition(")")
            state, _parent, of_group = rest.split()[:3]
            if int(of_group) == group and state != "Z":
                alive.append(name)
    return alive


def test_sigterm_ends_it_and_leaves_no_process(vllm: Running) -> None:
    vllm.process.send_signal(signal.SIGTERM)
    assert vllm.process.wait(STOP_SECONDS) == 0
    deadline = time.monotonic() + STOP_SECONDS
    while alive := alive_in_group(vllm.process.pid):
        assert time.monotonic() < deadline, alive
        time.sleep(0.1)
