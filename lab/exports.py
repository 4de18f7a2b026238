"""The shell exports that let any AWS client, and any OpenAI client, work on the lab."""

from __future__ import annotations

import json
import os
import shlex
import typing as t

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lab.compute import images
from lab.context import ACCESS_KEY_ID, DEFAULT_REGION, SECRET_ACCESS_KEY

_STACK = "central-llm"


def lines(state: dict[str, t.Any]) -> list[str]:
    """`export NAME=value` for the lab that `state` (its lab.json) describes."""
    values = {
        "AWS_ENDPOINT_URL": state["endpoint_url"],
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
        "AWS_REGION": DEFAULT_REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LAB_ENGINE_IMAGE": engine_image(),
    }
    if state.get("edge_url"):
        values["LAB_EDGE_URL"] = state["edge_url"]
        values.update(_service(state["endpoint_url"], state["edge_url"]))
    # A profile or session token of the caller would win over the keys above.
    return ["unset AWS_PROFILE AWS_SESSION_TOKEN"] + [f"export {name}={shlex.quote(v)}" for name, v in values.items()]


def engine_image() -> str:
    """What stands for the engine's image here, by its digest; the stand-in where LAB_ENGINE=stub asks for it."""
    name = "lab/stub" if os.environ.get("LAB_ENGINE") == "stub" else "lab/vllm-cpu"
    digest = next(image.digest for image in images.all_images(images.BUILT_IN) if image.name == name)
    return f"{name}@{digest}"


def _client(service: str, endpoint_url: str) -> t.Any:
    session = boto3.session.Session(
        aws_access_key_id=ACCESS_KEY_ID, aws_secret_access_key=SECRET_ACCESS_KEY, region_name=DEFAULT_REGION
    )
    return session.client(service, endpoint_url=endpoint_url, config=Config(connect_timeout=5, read_timeout=10))


def _service(endpoint_url: str, edge_url: str) -> dict[str, str]:
    """Where the LLM answers and with which key, as far as it exists yet."""
    found = {}
    try:
        apis = _client("apigateway", endpoint_url).get_paginator("get_rest_apis").paginate()
        ours = [api["id"] for page in apis for api in page["items"] if api["name"] == f"{_STACK}-rest-api"]
        if ours:
            found["LLM_BASE_URL"] = f"{edge_url}/restapis/{ours[0]}/prod/_user_request_/v1"
        secret = _client("secretsmanager", endpoint_url).get_secret_value(SecretId=f"{_STACK}/clients/{_STACK}-client")
        found["LLM_API_KEY"] = json.loads(secret["SecretString"])["value"]
    except (BotoCoreError, ClientError, ValueError, KeyError):
        # Not brought up yet: the AWS part of the exports is complete without it.
        pass
    return found
