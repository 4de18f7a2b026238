"""An endpoint for chat completions that answers as a test wants."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import typing as t


@contextlib.contextmanager
def endpoint(
    body: str,
    *,
    status: int = 200,
    kind: str = "text/event-stream",
    headers: t.Mapping[str, str] | None = None,
    first: t.Sequence[tuple[int, str]] = (),
) -> t.Iterator[tuple[str, list[t.Any]]]:
    """Answers every request so, but for the `first` ones, and notes what came."""
    came: list[t.Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            came.append(({name.lower(): value for name, value in self.headers.items()}, json.loads(sent)))
            now, said = first[len(came) - 1] if len(came) <= len(first) else (status, body)
            self.send_response(now)
            for name, value in {"Content-Type": kind, **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *_arguments: t.Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/chat/completions", came
    finally:
        server.shutdown()
        server.server_close()
