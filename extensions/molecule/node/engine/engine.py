"""Answers what a bake asks, and keeps in its cache that it has run."""

from __future__ import annotations

import json
import os
import signal
import sys
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MODEL = sys.argv[1]


class Handler(BaseHTTPRequestHandler):
    def answer(self, document: t.Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.answer({"data": [{"id": MODEL}]})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"usage": {"completion_tokens": 3}})

    def log_message(self, *_arguments: t.Any) -> None:
        pass


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
cache = Path(os.environ["ENGINE_CACHE"]) / "compiled"
cache.write_text(f"{cache.exists()}\n")
# In a container, whose port is published on loopback alone.
ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
