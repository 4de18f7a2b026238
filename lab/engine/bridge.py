"""ASGI for the stand-in, so that it carries the middleware that vLLM carries.

vLLM is an ASGI app; the stand-in's handlers are aiohttp's, which the lab has anyway. Here they are run as an ASGI app
inside of the middlewares, whose messages go out as aiohttp's response.
"""

from __future__ import annotations

import importlib
import typing as t

from aiohttp import web

Message = t.MutableMapping[str, t.Any]
Send = t.Callable[[Message], t.Awaitable[None]]
Handler = t.Callable[[web.Request], t.Awaitable[web.StreamResponse]]
_SEND = web.RequestKey("send", object)
_OUT = web.RequestKey("out", object)


class EventStream:
    """A handler's answer that goes out event by event."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._send = t.cast(Send, request[_SEND])
        self._begun = False

    async def say(self, event: str) -> None:
        if not self._begun:
            self._begun = True
            headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
            await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        body = f"data: {event}\n\n".encode()
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def end(self) -> web.StreamResponse:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        return t.cast(_Exchange, self._request[_OUT]).response


def wrapped_in(names: t.Sequence[str]) -> t.Any:
    """An aiohttp middleware that runs handlers inside of these, of which the last one is the outermost."""
    app: t.Any = _run_handler
    for name in names:
        module, _dot, attribute = name.rpartition(".")
        app = getattr(importlib.import_module(module), attribute)(app)

    @web.middleware
    async def run(request: web.Request, handler: Handler) -> web.StreamResponse:
        exchange = _Exchange(request, handler)
        request[_OUT] = exchange
        await app(exchange.scope(), exchange.receive, exchange.send)
        return exchange.response

    return run


async def _run_handler(scope: Message, receive: t.Any, send: Send) -> None:
    exchange: _Exchange = scope["lab.exchange"]
    exchange.request[_SEND] = send
    await receive()
    try:
        response = await exchange.handler(exchange.request)
        if exchange.client_is_gone:
            raise ConnectionResetError
        if isinstance(response, web.Response):
            body = response.body if isinstance(response.body, bytes) else b""
            headers = {**response.headers, "content-length": str(len(body))}
            raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": response.status, "headers": raw})
            await send({"type": "http.response.body", "body": body})
    except ConnectionError:
        # This is how a server tells its app that the client has left.
        await receive()


class _Exchange:
    def __init__(self, request: web.Request, handler: Handler) -> None:
        self.request = request
        self.handler = handler
        self.response = web.StreamResponse()
        self._asked = False

    @property
    def client_is_gone(self) -> bool:
        return self.request.transport is None or self.request.transport.is_closing()

    def scope(self) -> Message:
        return {
            "type": "http",
            "method": self.request.method,
            "path": self.request.path,
            "headers": [(name.lower(), value) for name, value in self.request.raw_headers],
            "lab.exchange": self,
        }

    async def receive(self) -> Message:
        if self._asked:
            return {"type": "http.disconnect"}
        self._asked = True
        return {"type": "http.request", "body": await self.request.read(), "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = {name.decode(): value.decode() for name, value in message["headers"]}
            self.response = web.StreamResponse(status=message["status"], headers=headers)
            await self.response.prepare(self.request)
            return
        if message.get("body"):
            await self.response.write(message["body"])
        if not message.get("more_body", False):
            await self.response.write_eof()
