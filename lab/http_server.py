"""A WSGI application on a free loopback port, in a thread of its own, until it is told to stop."""

from __future__ import annotations

import threading
import typing as t

from waitress.server import create_server
from waitress.wasyncore import close_all, loop


class LoopbackServer:
    def __init__(self, name: str) -> None:
        self._name = name
        self._map: dict[int, t.Any] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._server: t.Any = None

    def start(self, application: t.Any, port: int = 0, **options: t.Any) -> str:
        """Where it answers, as host and port; the options are waitress's own."""
        self._server = create_server(application, map=self._map, host="127.0.0.1", port=port, ident=None, **options)
        self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
        self._thread.start()
        return f"127.0.0.1:{self._server.effective_port}"

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
