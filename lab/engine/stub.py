"""A small stand-in for vLLM's OpenAI server, for fast tests of everything around the engine.

Takes vLLM's command line, answers in vLLM's shapes (its errors too), and says the same words every time. It is not an
engine: what a test says about vLLM itself is said against the real one.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import logging
import os
import sys
import time
import typing as t
import uuid
from dataclasses import dataclass

from aiohttp import web

from lab.engine import bridge

log = logging.getLogger("stub")

DEFAULT_MAX_TOKENS = 16
TOKEN_DELAY_HEADER = "x-stub-token-delay"
WORDS = ("the", "gateway", "lets", "one", "token", "pass", "after", "another")
SETTINGS: web.AppKey[Settings] = web.AppKey("settings")
LAST_HEADERS: web.AppKey[list[str]] = web.AppKey("last_headers")
Handler = t.Callable[[web.Request], t.Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Settings:
    model: str
    served_names: tuple[str, ...]
    host: str
    port: int
    start_delay: float
    fail_with: int | None
    middleware: tuple[str, ...] = ()
    shutdown_timeout: int = 0


class RequestRefused(Exception):
    """Becomes vLLM's error body."""

    def __init__(self, status: int, kind: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": status}}


def parse_arguments(arguments: list[str]) -> tuple[Settings, list[str]]:
    """Settings, and what vLLM would take and this ignores."""
    parser = argparse.ArgumentParser(prog="lab.engine.stub", allow_abbrev=False)
    parser.add_argument("--model", default="stub")
    parser.add_argument("--served-model-name", nargs="+")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--middleware", action="append", default=[], help="package.module.Class of an ASGI middleware")
    parser.add_argument("--shutdown-timeout", type=int, default=0, help="seconds for answers under way on SIGTERM")
    parser.add_argument("--start-delay", type=float, default=0.0, help="seconds until it listens")
    parser.add_argument("--fail-with", type=int, help="exit status to end with instead of listening")
    # `vllm serve MODEL …` and `vllm serve --model MODEL …` are the same. No positional for argparse: it would take the
    # value of an option that it does not know.
    if arguments and not arguments[0].startswith("-"):
        arguments = ["--model", *arguments]
    known, ignored = parser.parse_known_args(arguments)
    model = known.model
    names = tuple(known.served_model_name or [model])
    settings = Settings(
        model,
        names,
        known.host,
        known.port,
        known.start_delay,
        known.fail_with,
        tuple(known.middleware),
        known.shutdown_timeout,
    )
    return settings, ignored


def pick(seed: str, count: int) -> list[str]:
    """The same words for the same question, so that a test can compare two ways of asking."""
    start = sum(seed.encode()) % len(WORDS)
    words = itertools.islice(itertools.cycle(WORDS), start, start + count)
    return [word if number == 0 else f" {word}" for number, word in enumerate(words)]


@dataclass(frozen=True)
class Question:
    """What a chat completion and a completion have in common."""

    chat: bool
    model: str
    text: str
    count: int
    stream: bool
    include_usage: bool
    delay: float

    @property
    def usage(self) -> dict[str, int]:
        prompt = max(1, len(self.text.split()))
        return {"prompt_tokens": prompt, "total_tokens": prompt + self.count, "completion_tokens": self.count}

    def envelope(self, identity: str, streamed: bool) -> dict[str, t.Any]:
        kind = ("chat.completion.chunk" if streamed else "chat.completion") if self.chat else "text_completion"
        return {"id": identity, "object": kind, "created": int(time.time()), "model": self.model}

    def choice(self, text: str, finish: str | None, streamed: bool, first: bool = False) -> dict[str, t.Any]:
        content: dict[str, t.Any] = {"text": text}
        if self.chat and streamed:
            content = {"delta": {"role": "assistant", "content": ""} if first else {"content": text}}
        elif self.chat:
            content = {"message": {"role": "assistant", "content": text}}
        return {"index": 0, **content, "logprobs": None, "finish_reason": finish}


def text_of(content: t.Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) if isinstance(part, dict) else str(part) for part in content)
    return ""


def whole_number(body: dict[str, t.Any], *names: str) -> int:
    for name in names:
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise RequestRefused(400, "BadRequestError", f"{name} must be at least 1, got {value}.", name)
        return value
    return DEFAULT_MAX_TOKENS


def understand(body: t.Any, chat: bool, settings: Settings, delay: str) -> Question:
    if not isinstance(body, dict):
        raise RequestRefused(400, "BadRequestError", "Input should be a valid dictionary")
    needed = "messages" if chat else "prompt"
    if body.get(needed) is None or (chat and not isinstance(body[needed], list)):
        raise RequestRefused(400, "BadRequestError", f"Field required: {needed}", needed)
    model = body.get("model") or settings.served_names[0]
    if model not in settings.served_names:
        raise RequestRefused(404, "NotFoundError", f"The model `{model}` does not exist.", "model")
    if chat:
        parts = (text_of(message.get("content")) for message in body["messages"] if isinstance(message, dict))
        text = " ".join(parts)
    else:
        text = text_of(body["prompt"])
    try:
        seconds = float(delay)
    except ValueError:
        raise RequestRefused(400, "BadRequestError", f"{TOKEN_DELAY_HEADER} must be a number of seconds") from None
    return Question(
        chat=chat,
        model=model,
        text=text,
        count=whole_number(body, "max_completion_tokens", "max_tokens"),
        stream=bool(body.get("stream")),
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        delay=seconds,
    )


def events(question: Question, identity: str) -> t.Iterator[dict[str, t.Any]]:
    """What a stream says, one event a token."""
    envelope = question.envelope(identity, streamed=True)
    if question.chat:
        yield {**envelope, "choices": [question.choice("", None, streamed=True, first=True)]}
    tokens = pick(question.text, question.count)
    for number, token in enumerate(tokens, start=1):
        finish = "length" if number == len(tokens) else None
        yield {**envelope, "choices": [question.choice(token, finish, streamed=True)]}
    if question.include_usage:
        yield {**envelope, "choices": [], "usage": question.usage}


async def answer(request: web.Request, chat: bool) -> web.StreamResponse:
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as failure:
        raise RequestRefused(400, "BadRequestError", f"JSON decode error: {failure}") from None
    delay = request.headers.get(TOKEN_DELAY_HEADER, "0")
    question = understand(body, chat, request.app[SETTINGS], delay)
    asked_id = request.headers.get("x-request-id") or uuid.uuid4().hex
    identity = f"{'chatcmpl' if chat else 'cmpl'}-{asked_id}"
    if question.stream:
        return await stream(request, question, identity)
    await asyncio.sleep(question.delay * question.count)
    text = "".join(pick(question.text, question.count))
    choices = [question.choice(text, "length", streamed=False)]
    envelope = question.envelope(identity, streamed=False)
    return web.json_response({**envelope, "choices": choices, "usage": question.usage})


async def stream(request: web.Request, question: Question, identity: str) -> web.StreamResponse:
    response = bridge.EventStream(request)
    for event in events(question, identity):
        await asyncio.sleep(question.delay)
        await response.say(json.dumps(event, separators=(",", ":")))
    await response.say("[DONE]")
    return await response.end()


async def chat_completions(request: web.Request) -> web.StreamResponse:
    return await answer(request, chat=True)


async def completions(request: web.Request) -> web.StreamResponse:
    return await answer(request, chat=False)


async def health(_request: web.Request) -> web.StreamResponse:
    return web.Response()


async def models(request: web.Request) -> web.StreamResponse:
    settings = request.app[SETTINGS]
    card = {"object": "model", "created": int(time.time()), "owned_by": "vllm", "root": settings.model, "parent": None}
    return web.json_response({"object": "list", "data": [{"id": name, **card} for name in settings.served_names]})


async def last_request_headers(request: web.Request) -> web.StreamResponse:
    """The names of the headers that the last request to /v1 arrived with: names alone, values may be secret."""
    return web.json_response(request.app[LAST_HEADERS])


@web.middleware
async def in_vllms_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.path.startswith("/v1/"):
        request.app[LAST_HEADERS][:] = sorted({name.lower() for name in request.headers})
    try:
        return await handler(request)
    except RequestRefused as refusal:
        return web.json_response(refusal.body, status=refusal.status)
    except web.HTTPException as failure:
        # Starlette's shape, which vLLM leaves as it is for paths and methods it does not know.
        return web.json_response({"detail": failure.reason}, status=failure.status)


def make_app(settings: Settings) -> web.Application:
    # As with vLLM, what the command adds lies around what is the engine's own.
    middlewares = [bridge.wrapped_in(settings.middleware), in_vllms_words]
    app = web.Application(middlewares=middlewares, client_max_size=16 * 2**20)
    app[SETTINGS] = settings
    app[LAST_HEADERS] = []
    app.router.add_get("/health", health)
    app.router.add_get("/v1/models", models)
    app.router.add_post("/v1/chat/completions", chat_completions)
    app.router.add_post("/v1/completions", completions)
    app.router.add_get("/_stub/last-request-headers", last_request_headers)
    return app


def main(arguments: list[str]) -> None:
    logging.basicConfig(level=logging.INFO, format="stub: %(message)s", stream=sys.stdout)
    settings, ignored = parse_arguments(arguments)
    if ignored:
        log.info("ignored, as vLLM would take them: %s", " ".join(ignored))
    # The host's own address is what a task can have, whatever its command says.
    host = os.environ.get("LAB_BIND_ADDRESS") or settings.host
    time.sleep(settings.start_delay)
    if settings.fail_with is not None:
        log.error("ending with status %d, as asked", settings.fail_with)
        sys.exit(settings.fail_with)
    log.info("listening on http://%s:%d as %s", host, settings.port, ", ".join(settings.served_names))
    # A stop waits for answers as long as it was told to; told nothing, vLLM aborts them too.
    seconds = settings.shutdown_timeout or 1
    web.run_app(make_app(settings), host=host, port=settings.port, print=None, shutdown_timeout=seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
