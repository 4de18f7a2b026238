"""An ASGI server of a few lines, which hands over what it is told to and keeps what it gets."""

from __future__ import annotations

import json
import typing as t

from central_llm_audit import Middleware

Message = dict[str, t.Any]
JSON = b"application/json"
STREAM = b"text/event-stream; charset=utf-8"
HEADERS = {
    "x-llm-gateway-request-id": "JRZ1pHe5oAMF1zg=",
    "x-llm-key-id": "abc123",
    "x-llm-source": "terminal",
    "x-llm-user": "alice",
    "x-llm-request-type": "chat",
    "x-request-id": "mine-1",
}


def scope(
    path: str = "/v1/chat/completions", headers: t.Iterable[tuple[bytes, bytes]] | None = None, kind: str = "http"
) -> Message:
    if headers is None:
        headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    return {"type": kind, "method": "POST", "path": path, "headers": list(headers)}


def start(content_type: bytes = JSON, status: int = 200) -> Message:
    return {"type": "http.response.start", "status": status, "headers": [(b"Content-Type", content_type)]}


def body(content: bytes, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}


def answers(*messages: Message, fails: BaseException | None = None, looks: int = 1) -> t.Any:
    """An app that asks `looks` times what the client does, answers, and may fail then."""

    async def app(_scope: Message, receive: t.Any, send: t.Any) -> None:
        for _look in range(looks):
            await receive()
        for message in messages:
            await send(message)
        if fails:
            raise fails

    return app


class Ran(t.NamedTuple):
    sent: list[Message]
    records: list[dict[str, t.Any]]
    lines: list[bytes]
    error: BaseException | None


def run(app: t.Any, given: Message | None = None, arrives: t.Sequence[Message] | None = None) -> Ran:
    arriving = iter(arrives or [{"type": "http.request", "body": b'{"prompt": "hush"}', "more_body": False}])
    sent: list[Message] = []
    lines: list[bytes] = []
    error: BaseException | None = None

    async def receive() -> Message:
        return next(arriving, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        sent.append(message)

    # Nothing here waits for anything, so that one step runs it all.
    try:
        Middleware(app, lines.append)(given or scope(), receive, send).send(None)
    except StopIteration:
        pass
    except BaseException as raised:
        error = raised
    return Ran(sent, [json.loads(line) for line in lines], lines, error)
