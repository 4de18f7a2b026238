"""Generations of more than five minutes, word by word, through the whole way: `make soak` (not part of `make test`)."""

from __future__ import annotations

import json
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import openai
import pytest

from .conftest import HEADERS
from .playing import a_lab, play

LONG_S = 305


@pytest.fixture
def url(tmp_path: Path) -> t.Iterator[str]:
    with a_lab(tmp_path / "lab") as lab:
        up = play(lab, "up")
        assert up.status == 0, up.output
        (api,) = boto3.client("apigateway").get_rest_apis()["items"]
        yield f"{lab['LAB_EDGE_URL']}/restapis/{api['id']}/prod/_user_request_/v1"


def generate(url: str, *, words: int, seconds_a_word: float) -> tuple[int, float]:
    """How many words came, and how long that took."""
    secret = boto3.client("secretsmanager").get_secret_value(SecretId="central-llm/clients/central-llm-client")
    headers = {**HEADERS, "x-api-key": json.loads(secret["SecretString"])["value"]}
    client = openai.OpenAI(base_url=url, api_key="unused", max_retries=0, timeout=600, default_headers=headers)
    began = time.monotonic()
    events = client.chat.completions.create(
        model="tiny",
        messages=[{"role": "user", "content": "Tell me a long story."}],
        max_tokens=words,
        stream=True,
        extra_headers={"x-stub-token-delay": str(seconds_a_word)},
    )
    came = sum(bool(event.choices and event.choices[0].delta.content) for event in events)
    return came, time.monotonic() - began


@pytest.mark.soak
def test_long_generations_survive(url: str) -> None:
    # The second is silent for long, but for less than API Gateway's five minutes and the balancer's 350 s.
    asked = [{"words": LONG_S, "seconds_a_word": 1.0}, {"words": 4, "seconds_a_word": 80.0}]
    with ThreadPoolExecutor(len(asked)) as pool:
        came = list(pool.map(lambda one: generate(url, **t.cast("dict[str, t.Any]", one)), asked))
    assert [words for words, _seconds in came] == [one["words"] for one in asked]
    assert all(seconds > LONG_S for _words, seconds in came), came
