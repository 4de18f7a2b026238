"""What the edge's tests work with: a backend on loopback and a short way to make an API."""

from __future__ import annotations

import asyncio
import threading
import time
import typing as t
from collections.abc import Callable
from dataclasses import dataclass, field

import requests
from aiohttp import web

from lab.context import LabContext

DEADLINE = 30.0


def eventually(check: Callable[[], t.Any], what: str, deadline: float = DEADLINE) -> t.Any:
    """The first true value of a check."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {deadline:.0f} s")


class Backend:
    """Echoes what reaches it; `/stream` goes on when told, `/hold` never ends, `/slow` takes its time."""

    def __init__(self) -> None:
        self.port = 0
        self.seen: list[dict[str, t.Any]] = []
        self.left = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._go_on = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="test-backend", daemon=True)
        self._thread.start()
        assert self._ready.wait(DEADLINE)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())
        self._loop.close()

    async def _start(self) -> None:
        server = web.Server(self._handle, handler_cancellation=True, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    def listen(self, address: str, port: int) -> Callable[[], None]:
        """Listens elsewhere as well, where a balancer would; returns what ends that."""

        async def start() -> web.TCPSite:
            site = web.TCPSite(self._runner, address, port)
            await site.start()
            return site

        site = asyncio.run_coroutine_threadsafe(start(), self._loop).result(DEADLINE)
        return lambda: asyncio.run_coroutine_threadsafe(site.stop(), self._loop).result(DEADLINE)

    def go_on(self) -> None:
        self._loop.call_soon_threadsafe(self._go_on.set)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        raw = await request.content.read()
        body = raw[:1000].decode("utf-8", "replace")
        seen: dict[str, t.Any] = {
            "method": request.method,
            "path": request.raw_path,
            "headers": dict(request.headers),
            "sent": list(request.headers.items()),  # also what was sent twice
            "body": body,
        }
        seen["length"] = len(raw)
        self.seen.append(seen)
        if request.path.endswith("/stream"):
            return await self._stream(request)
        if request.path.endswith("/hold"):
            return await self._hold(request)
        if request.path.endswith("/broken"):
            assert request.transport
            request.transport.abort()
        if request.path.endswith("/slow"):
            await asyncio.sleep(DEADLINE)
        if request.path.endswith("/error"):
            return web.json_response({"error": {"message": "engine"}}, status=503, headers={"Server": "engine/1"})
        if request.path.endswith("/large"):
            return web.Response(body=b"x" * (10 * 1024 * 1024 + 1))
        return web.json_response({**seen, "headers": {key.lower(): value for key, value in seen["headers"].items()}})

    async def _stream(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Engine": "test"})
        await response.prepare(request)
        for number in range(5):
            # The next event is made only after the client has said that it read this one.
            self._go_on.clear()
            await response.write(f"data: {number}\n\n".encode())
            await asyncio.wait_for(self._go_on.wait(), DEADLINE)
        await response.write_eof()
        return response

    async def _hold(self, request: web.BaseRequest) -> web.StreamResponse:
        self.left.clear()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: first\n\n")
        try:
            await asyncio.sleep(10 * DEADLINE)
        except asyncio.CancelledError:
            self.left.set()
            raise
        return response


@dataclass
class Api:
    """A REST API made call by call, and its stage."""

    ctx: LabContext
    api_id: str
    root_id: str
    stage: str = "prod"
    _resources: dict[str, str] = field(default_factory=dict)

    @property
    def client(self) -> t.Any:
        return self.ctx.client("apigateway")

    def resource(self, path: str) -> str:
        if path in ("", "/"):
            return self.root_id
        if path not in self._resources:
            parent, _slash, part = path.rpartition("/")
            made = self.client.create_resource(restApiId=self.api_id, parentId=self.resource(parent), pathPart=part)
            self._resources[path] = made["id"]
        return self._resources[path]

    def method(self, path: str, integration: dict[str, t.Any], http_method: str = "POST", **method: t.Any) -> None:
        where = {"restApiId": self.api_id, "resourceId": self.resource(path), "httpMethod": http_method}
        self.client.put_method(**where, authorizationType="NONE", **method)
        self.client.put_integration(**where, **integration)

    def proxy(self, path: str, uri: str, http_method: str = "POST", **method: t.Any) -> None:
        self.method(path, proxy(uri), http_method, **method)

    def deploy(self) -> None:
        self.client.create_deployment(restApiId=self.api_id, stageName=self.stage)

    def url(self, path: str) -> str:
        return f"{self.ctx.edge_url}/restapis/{self.api_id}/{self.stage}/_user_request_{path}"

    def key(self, plan: dict[str, t.Any] | None = None, stage: dict[str, t.Any] | None = None) -> tuple[str, str, str]:
        """Key id, value and plan id of a new key in a new plan of the stage."""
        stages = [{"apiId": self.api_id, "stage": self.stage, **(stage or {})}]
        plan_id = self.client.create_usage_plan(name="plan", apiStages=stages, **(plan or {}))["id"]
        key = self.client.create_api_key(name="key", enabled=True)
        self.client.create_usage_plan_key(usagePlanId=plan_id, keyId=key["id"], keyType="API_KEY")
        return key["id"], key["value"], plan_id

    def post(self, path: str, key: str | None = None, **arguments: t.Any) -> requests.Response:
        headers = {**({"x-api-key": key} if key else {}), **arguments.pop("headers", {})}
        return requests.post(self.url(path), headers=headers, timeout=DEADLINE, **arguments)

    def statuses(self, path: str, key: str, count: int) -> list[int]:
        return [self.post(path, key).status_code for _ in range(count)]


def proxy(uri: str, **more: t.Any) -> dict[str, t.Any]:
    return {"type": "HTTP_PROXY", "integrationHttpMethod": "POST", "uri": uri, **more}
