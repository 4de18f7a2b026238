"""The service as a client and an operator see it: a running lab's environment, none of the collection's code."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import boto3
import openai
import pytest

ROOT = Path(__file__).parents[2]
HEADERS = {"x-llm-source": "tests", "x-llm-user": "tester", "x-llm-request-type": "chat"}


@pytest.fixture(scope="session")
def base_url() -> str:
    """What an OpenAI client takes as base URL, found as `make lab-env` finds it."""
    api = next(
        api for api in boto3.client("apigateway").get_rest_apis()["items"] if api["name"] == "central-llm-rest-api"
    )
    return f"{os.environ['LAB_EDGE_URL']}/restapis/{api['id']}/prod/_user_request_/v1"


@pytest.fixture(scope="session")
def api_key() -> str:
    secret = boto3.client("secretsmanager").get_secret_value(SecretId="central-llm/clients/central-llm-client")
    return str(json.loads(secret["SecretString"])["value"])


@pytest.fixture
def client(base_url: str, api_key: str) -> t.Callable[..., openai.OpenAI]:
    """A stock client; a header given as None is left out."""

    def make(key: str | None = api_key, **headers: str | None) -> openai.OpenAI:
        sent = {**HEADERS, "x-api-key": key, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return openai.OpenAI(
            base_url=base_url,
            api_key="not-used",
            max_retries=0,
            timeout=120,
            default_headers={name: value for name, value in sent.items() if value is not None},
        )

    return make
