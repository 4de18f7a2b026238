"""The edge as a plane of the lab: one event loop in a thread of its own, one HTTP server on loopback."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from lab.context import LabContext
from lab.edge import backend, web_acl
from lab.edge.access_log import AccessLogWriter
from lab.edge.admission import Admission
from lab.edge.authorizer import Authorizers
from lab.edge.cache import GenerationCache
from lab.edge.configuration import SERVICE, Configuration, SnapshotReader
from lab.edge.gateway import Gateway
from lab.edge.integration import Integrations
from lab.edge.vpc_link import SERVICES, VpcLinks

LOG = logging.getLogger(__name__)

_START_SECONDS = 30.0
_STOP_SECONDS = 15.0


class EdgePlane:
    name = "edge"

    def __init__(self, *, read_snapshot: SnapshotReader | None = None, admission: Admission | None = None) -> None:
        self._read_snapshot = read_snapshot
        self._admission = admission or Admission()
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._failure: BaseException | None = None

    def start(self, ctx: LabContext) -> None:
        """Returns once requests are answered at ctx.edge_url."""
        self._thread = threading.Thread(target=self._run, args=(ctx,), name="lab-edge", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise RuntimeError(f"the edge did not start within {_START_SECONDS:.0f} s")
        if self._failure:
            raise RuntimeError("the edge did not start") from self._failure

    def stop(self) -> None:
        """Ends what is under way, writes the access log out, and frees the port."""
        if self._thread is None:
            return
        if self._loop and self._stop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            LOG.warning("the edge did not stop within %.0f s", _STOP_SECONDS)
        self._thread = None

    def _run(self, ctx: LabContext) -> None:
        try:
            asyncio.run(self._main(ctx))
        except BaseException as error:
            self._failure = error
            LOG.exception("the edge failed")
        finally:
            self._ready.set()

    async def _main(self, ctx: LabContext) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        # For the control plane's blocking clients only; requests never wait in it once their stage is known.
        with (
            ThreadPoolExecutor(max_workers=4, thread_name_prefix="lab-edge-control") as executor,
            ThreadPoolExecutor(max_workers=8, thread_name_prefix="lab-edge-authorizer") as functions,
        ):
            async with backend.open_session() as session:
                access_logs = AccessLogWriter(ctx.client, executor)
                gateway = Gateway(
                    account_id=ctx.account_id,
                    configuration=Configuration(ctx, self._read_snapshot),
                    stages=GenerationCache(ctx.generations, (SERVICE, web_acl.SERVICE), executor),
                    firewall=web_acl.Firewall(),
                    authorizers=Authorizers(lambda *what: ctx.functions.invoke(*what), functions),
                    admission=self._admission,
                    integrations=Integrations(
                        session,
                        GenerationCache(ctx.generations, SERVICES, executor),
                        lambda region: VpcLinks(ctx, region),
                    ),
                    access_logs=access_logs,
                )
                # Cancellation: a client that leaves takes its request to the backend with it.
                server = web.Server(
                    gateway.handle,
                    handler_cancellation=True,
                    auto_decompress=False,
                    access_log=None,
                    # "Total combined size of request line and header values: 10240 bytes"
                    max_line_size=10240,
                    max_field_size=10240,
                )
                runner = web.ServerRunner(server, shutdown_timeout=1.0)
                await runner.setup()
                site = web.TCPSite(runner, "127.0.0.1", 0)
                await site.start()
                host, port = runner.addresses[0][:2]
                ctx.edge_url = f"http://{host}:{port}"
                writer = asyncio.create_task(access_logs.run())
                self._ready.set()
                await self._stop.wait()
                await runner.cleanup()
                writer.cancel()
                await asyncio.gather(writer, return_exceptions=True)
                await access_logs.flush()
