"""What the audit middleware adds to an answer, beside one that only passes on: processor time, in this process."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import typing as t

from tests.sweep.stack import ROOT

from .figures import Figure

sys.path.insert(0, str(ROOT / "image"))

from central_llm_audit import Middleware
from central_llm_audit.output import Output

Message = dict[str, t.Any]
_TOKENS = 500
_HEADERS = [
    (b"host", b"central-llm.example"),
    (b"user-agent", b"OpenAI/Python"),
    (b"content-type", b"application/json"),
    (b"content-length", b"200"),
    (b"accept", b"application/json"),
    (b"x-forwarded-for", b"203.0.113.9"),
    (b"x-amzn-apigateway-api-id", b"abcdefghij"),
    (b"x-llm-source", b"terminal"),
    (b"x-llm-user", b"alice"),
    (b"x-llm-request-type", b"chat"),
    (b"x-llm-key-id", b"abcdefghij"),
]
_USAGE = {"prompt_tokens": 21, "total_tokens": 321, "completion_tokens": 300, "prompt_tokens_details": None}
_ENVELOPE = {"id": "chatcmpl-0123456789abcdef", "object": "chat.completion", "created": 1764028800, "model": "tiny"}


def _compact(document: Message) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _event(choices: list[Message], **more: t.Any) -> bytes:
    return b"data: " + _compact({**_ENVELOPE, "choices": choices, **more}) + b"\n\n"


_ANSWER = _compact(
    {
        **_ENVELOPE,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "word " * 300}, "finish_reason": "stop"}],
        "usage": _USAGE,
        "prompt_logprobs": None,
    }
)
_WORD = {"index": 0, "delta": {"content": " word"}, "logprobs": None, "finish_reason": None}
_STREAM = [
    *[_event([_WORD])] * _TOKENS,
    _event([{**_WORD, "finish_reason": "stop"}]),
    _event([], usage=_USAGE),
    b"data: [DONE]\n\n",
]


class _PassOn:
    def __init__(self, app: t.Any) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: t.Any, send: t.Any) -> None:
        await self._app(scope, receive, send)


async def _whole(_scope: Message, receive: t.Any, send: t.Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": _ANSWER})


async def _streamed(_scope: Message, receive: t.Any, send: t.Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    for event in _STREAM:
        await send({"type": "http.response.body", "body": event, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _receive() -> Message:
    return {"type": "http.request", "body": b"x" * 200, "more_body": False}


async def _send(_message: Message) -> None:
    pass


async def _seconds(app: t.Any, times: int) -> float:
    began = time.process_time()
    for number in range(times):
        # The one header that no two requests share.
        headers = [*_HEADERS, (b"x-llm-gateway-request-id", b"JRZ1pHe5oA%05d=" % number)]
        await app(
            {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": headers}, _receive, _send
        )
    return (time.process_time() - began) / times


def _added(app: t.Any, times: int, rounds: int) -> float:
    """Microseconds a request: the least of each, since whatever else a machine does can only add to it."""
    with open(os.devnull, "wb", buffering=0) as nowhere:  # noqa: PTH123
        audited = Middleware(app, Output(nowhere.fileno()))
        ours, theirs = [], []
        for _round in range(rounds):
            ours.append(asyncio.run(_seconds(audited, times)))
            theirs.append(asyncio.run(_seconds(_PassOn(app), times)))
    return (min(ours) - min(theirs)) * 1e6


def figures(rounds: int) -> list[Figure]:
    return [
        Figure("middleware_json_us", _added(_whole, 3000, rounds), "µs", 10),
        Figure("middleware_event_us", _added(_streamed, 40, rounds) / len(_STREAM), "µs", 0.4),
    ]
