"""The same clients while the service is down."""

from __future__ import annotations

import typing as t

import openai
import pytest


def test_the_gateway_says_that_nothing_is_served(client: t.Callable[..., openai.OpenAI]) -> None:
    with pytest.raises(openai.InternalServerError) as refused:
        client().models.list()
    assert refused.value.status_code in (503, 504)
    assert refused.value.type == "server_error"


def test_a_wrong_key_is_still_refused(client: t.Callable[..., openai.OpenAI]) -> None:
    with pytest.raises(openai.PermissionDeniedError):
        client("wrong" * 8).models.list()
