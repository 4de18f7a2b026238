from __future__ import annotations

import importlib.util
import json
import typing as t
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

_PATH = Path(__file__).parents[4] / "functions/authorizer/core.py"
_SPEC = importlib.util.spec_from_file_location("authorizer_core", _PATH)
assert _SPEC and _SPEC.loader
core: t.Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(core)

ARN = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/prod/POST/v1/chat/completions"
KEY = "k" * 40
OTHER = "o" * 40


def answer(**headers: str) -> dict[str, t.Any]:
    return t.cast(
        "dict[str, t.Any]",
        core.decide({"methodArn": ARN, "headers": {name.replace("_", "-"): value for name, value in headers.items()}}),
    )


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({"Authorization": f"Bearer {KEY}"}, KEY),
        ({"authorization": f"bearer  {KEY} "}, KEY),
        ({"x_api_key": KEY}, KEY),
        ({"X_Api_Key": f" {KEY} "}, KEY),
        # What stock clients send beside it, where they are made to use the other header.
        ({"x_api_key": KEY, "Authorization": "Bearer unused"}, KEY),
        ({"x_api_key": KEY, "Authorization": f"Bearer {OTHER}"}, KEY),
        ({"Authorization": f"Basic {KEY}"}, None),
        ({"Authorization": KEY}, None),
        ({"Authorization": "Bearer"}, None),
        ({"Authorization": "Bearer short"}, None),
        ({"Authorization": f"Bearer {KEY} {KEY}"}, None),
        ({"x_api_key": "k" * 129}, None),
        ({}, None),
    ],
)
def test_the_key_is_found(headers: dict[str, str], key: str | None) -> None:
    found = answer(**headers)
    assert found.get("usageIdentifierKey") == key
    # Without a key the gateway refuses, in its own words and with the request in its log.
    assert found["policyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": ARN}
    ]


def test_what_a_request_says_of_itself_is_told() -> None:
    found = answer(x_llm_source="notebook", X_LLM_User="ann", x_llm_request_type="chat")
    assert found["context"] == {"source": "notebook", "user": "ann", "requestType": "chat"}


def test_a_request_without_headers_has_nothing_to_tell() -> None:
    for event in ({"methodArn": ARN, "headers": None}, {"methodArn": ARN}):
        assert core.decide(event)["context"] == {}


@given(st.dictionaries(st.sampled_from(["x-llm-source", "x-llm-user", "x-llm-request-type"]), st.text(max_size=400)))
def test_no_header_breaks_a_line_of_the_log(headers: dict[str, str]) -> None:
    context = core.decide({"methodArn": ARN, "headers": headers})["context"]
    # The gateway puts what it is told between quotes as it is.
    line = "{" + ",".join(f'"{name}":"{value}"' for name, value in context.items()) + "}"
    assert json.loads(line) == context
    for name, value in context.items():
        _header, most = core.TOLD[name]
        assert 0 < len(value) <= most
        assert value.isprintable()


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=200)))
def test_whatever_is_sent_there_is_an_answer(headers: dict[str, str]) -> None:
    found = core.decide({"methodArn": ARN, "headers": headers})
    assert found["principalId"] and found["policyDocument"]
    key = found.get("usageIdentifierKey")
    assert key is None or any(key in value for value in headers.values())
    assert key is None or key not in json.dumps({**found, "usageIdentifierKey": ""})
