"""The middleware: pure ASGI, so that a stream passes through as it is made.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import atexit
import signal
import threading
import time
import typing as t

from . import answer, record
from .output import Output

Message = t.MutableMapping[str, t.Any]
Scope = t.MutableMapping[str, t.Any]
Receive = t.Callable[[], t.Awaitable[Message]]
Send = t.Callable[[Message], t.Awaitable[None]]
App = t.Callable[[Scope, Receive, Send], t.Awaitable[None]]
Write = t.Callable[[bytes], None]

# Whoever watches the engine asks these, every few seconds.
LEFT_OUT = frozenset({"/health", "/metrics", "/metrics/", "/ping"})
# Of an answer in JSON all is kept, by reference; of a stream its end, which is cut back to the half of it.
MOST_OF_JSON = 32 * 2**20
MOST_OF_STREAM = 64 * 2**10
HEAD = 4 * 2**10

# What a process that is told to end has not finished.
_under_way: set[Exchange] = set()


class Middleware:
    def __init__(self, app: App, write: Write | None = None) -> None:
        self._app = app
        self._write = write or Output()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in LEFT_OUT:
            await self._app(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send, self._write)
        _under_way.add(exchange)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception:
            exchange.end("failed")
            raise
        except BaseException:
            exchange.end("cancelled")
            raise
        finally:
            exchange.end()
            _under_way.discard(exchange)


class Exchange:
    """A request and its answer, watched as they pass by."""

    __slots__ = (
        "_began",
        "_first_byte",
        "_gone",
        "_head",
        "_json",
        "_kept",
        "_last",
        "_most",
        "_parts",
        "_receive",
        "_received_at",
        "_request_bytes",
        "_response_bytes",
        "_scope",
        "_send",
        "_start",
        "_stream",
        "_write",
        "_written",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send, write: Write) -> None:
        self._began = time.perf_counter()
        self._received_at = time.time()
        self._scope = scope
        self._receive = receive
        self._send = send
        self._write = write
        self._parts: list[bytes] = []
        self._head = b""
        self._kept = self._request_bytes = self._response_bytes = 0
        self._most = MOST_OF_STREAM
        self._first_byte = 0.0
        self._start: Message | None = None
        self._last: Message | None = None
        self._json = self._stream = self._gone = self._written = False

    async def receive(self) -> Message:
        message = await self._receive()
        kind = message["type"]
        if kind == "http.request":
            self._request_bytes += len(message.get("body") or b"")
        # It also follows an answer that was sent whole.
        elif kind == "http.disconnect" and not self._complete:
            self._gone = True
        return message

    def send(self, message: Message) -> t.Awaitable[None]:
        """No coroutine of its own: it runs for every token, and the server's is handed on as it is."""
        body = message.get("body")
        if body:
            size = len(body)
            if not self._response_bytes:
                self._first_byte = time.perf_counter()
            self._response_bytes += size
            self._parts.append(body)
            self._kept += size
            if self._kept > self._most:
                self._cut_back()
        elif message["type"] == "http.response.start":
            self._start = message
            content_type = _content_type(message)
            self._stream = content_type.startswith(b"text/event-stream")
            if content_type.startswith(b"application/json"):
                self._json, self._most = True, MOST_OF_JSON
        self._last = message
        return self._send(message)

    @property
    def _complete(self) -> bool:
        last = self._last
        return last is not None and last is not self._start and not last.get("more_body", False)

    def _cut_back(self) -> None:
        whole = b"".join(self._parts)
        self._head = self._head or whole[:HEAD]
        tail = whole[-self._most // 2 :]
        self._parts = [tail]
        self._kept = len(tail)

    def end(self, outcome: str = "") -> None:
        """Write the record, once. Whatever is wrong with it must not be the request's trouble."""
        if self._written:
            return
        self._written = True
        try:
            values = self._values(outcome)
        except Exception:
            values = (record.NULL,) * len(record.FIELDS)
        self._write(record.line(values))

    def _values(self, outcome: str) -> tuple[str | int, ...]:
        total = time.perf_counter() - self._began
        header = dict(self._scope["headers"]).get
        start = self._start
        stream = self._stream
        said = answer.NOTHING
        if stream or self._json:
            parts = self._parts
            said = answer.read(self._head, parts[0] if len(parts) == 1 else b"".join(parts), stream=stream)
        # Without one the server answers an exception with 500; of a request that was cancelled nobody knows.
        status = start["status"] if start else 500 if outcome == "failed" else None
        null = record.NULL
        # In the order of record.FIELDS.
        return (
            record.identifier(header(b"x-llm-gateway-request-id"), 128),
            record.sent(header(b"x-request-id"), 128),
            record.sent_again(header(b"x-llm-key-id"), 32),
            record.sent_again(header(b"x-llm-source"), 128),
            record.sent_again(header(b"x-llm-user"), 128),
            record.sent_again(header(b"x-llm-request-type"), 64),
            record.visible_again(self._scope.get("method") or "", 16),
            record.visible_again(self._scope["path"], 128),
            record.visible_again(said.model or "", 128),
            "true" if stream else "false",
            null if status is None else status,
            f'"{self._outcome(outcome, status, said, stream)}"',
            f'"{said.finish_reason}"' if said.finish_reason else null,
            null if said.prompt_tokens is None else said.prompt_tokens,
            null if said.completion_tokens is None else said.completion_tokens,
            null if said.total_tokens is None else said.total_tokens,
            int(self._received_at * 1000),
            int((self._first_byte - self._began) * 1000) if self._response_bytes else null,
            int(total * 1000),
            self._request_bytes,
            self._response_bytes,
        )

    def _outcome(self, outcome: str, status: int | None, said: answer.Answer, stream: bool) -> str:
        """vLLM answers a client that is gone with 200, and tells of its own end inside of a stream with 200."""
        if self._gone:
            return "client_gone"
        if outcome:
            return outcome
        if status is None or status >= 500 or said.failed:
            return "failed"
        if status >= 400:
            return "refused"
        unfinished = stream and said.finish_reason is None and not said.done
        if unfinished or said.finish_reason == "abort" or not self._complete:
            return "aborted"
        return "completed"


def _content_type(start: Message) -> bytes:
    for name, value in start.get("headers") or ():
        if name.lower() == b"content-type":
            return t.cast(bytes, value)
    return b""


@atexit.register
def end_all() -> None:
    """A process that ends while it answers: the event loop is gone, and its requests with it."""
    while _under_way:
        _under_way.pop().end("cancelled")


def _end_by_signal(number: int, _frame: t.Any) -> None:
    end_all()
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


# uvicorn ends by the signal that told it to, once it has shut down, past all that Python does at its end. Where the
# engine has a handler of its own it ends as other programs do.
if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
    signal.signal(signal.SIGTERM, _end_by_signal)
