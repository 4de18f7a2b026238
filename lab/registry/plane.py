"""The registry as a plane of the lab: one HTTP server on loopback, where Docker takes plain HTTP."""

from __future__ import annotations

import threading
import typing as t

from waitress.server import create_server
from waitress.wasyncore import close_all, loop

from lab.context import LabContext
from lab.registry.app import Registry
from lab.registry.images import ControlPlaneImages
from lab.registry.store import Store

# A layer of an engine is some gigabytes.
_LARGEST_BODY = 1 << 36


class RegistryPlane:
    name = "registry"

    def __init__(self) -> None:
        self._map: dict[int, t.Any] = {}
        self._stopping = threading.Event()
        self._server: t.Any = None
        self._thread: threading.Thread | None = None

    def start(self, ctx: LabContext) -> None:
        store = Store(ctx.home / "registry")
        # Images do not outlive the lab, which forgets their repositories.
        store.clear()
        self._server = create_server(
            Registry(store, ControlPlaneImages(ctx)),
            map=self._map,
            host="127.0.0.1",
            port=0,
            threads=8,
            ident=None,
            channel_timeout=600,
            max_request_body_size=_LARGEST_BODY,
        )
        ctx.registry = f"127.0.0.1:{self._server.effective_port}"
        self._thread = threading.Thread(target=self._serve, name="registry-plane", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            loop(timeout=1, map=self._map, use_poll=True, count=1)

    def stop(self) -> None:
        self._stopping.set()
        if self._server is None or self._thread is None:
            return
        self._server.pull_trigger()
        self._thread.join(timeout=10)
        self._server.task_dispatcher.shutdown(timeout=5)
        close_all(self._map, ignore_all=True)
