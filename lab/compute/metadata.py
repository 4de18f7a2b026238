"""The instance metadata service, version 2, as far as a guest asks for it here: token, id and tags.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
"""

from __future__ import annotations

import secrets
import threading
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

# One server stands for the link-local address of every host: this header says which host asks.
HOST_HEADER = "X-Lab-Host"
_TAGS = "/latest/meta-data/tags/instance"


class Metadata:
    def __init__(
        self, describe: t.Callable[[str], dict[str, t.Any] | None], shut_down: t.Callable[[str], None]
    ) -> None:
        self._describe = describe
        self._shut_down = shut_down
        self._tokens: set[str] = set()
        handler = type("Handler", (_Handler,), {"metadata": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="instance-metadata", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def token(self) -> str:
        token = secrets.token_urlsafe(32)
        self._tokens.add(token)
        return token

    def answer(self, path: str, host: str, token: str) -> tuple[int, str]:
        instance = self._describe(host)
        if instance is None:
            return 404, ""
        if token not in self._tokens:
            return 401, ""
        if path == "/latest/meta-data/instance-id":
            return 200, host
        if path.startswith(_TAGS):
            return self._tag(path.removeprefix(_TAGS).strip("/"), instance)
        return 404, ""

    @staticmethod
    def _tag(key: str, instance: dict[str, t.Any]) -> tuple[int, str]:
        if (instance.get("MetadataOptions") or {}).get("InstanceMetadataTags") != "enabled":
            return 404, ""
        tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags") or []}
        if not key:
            return 200, "\n".join(tags)
        return (200, tags[unquote(key)]) if unquote(key) in tags else (404, "")

    def shut_down(self, host: str) -> None:
        self._shut_down(host)


class _Handler(BaseHTTPRequestHandler):
    metadata: Metadata

    def do_GET(self) -> None:
        token = self.headers.get("X-aws-ec2-metadata-token", "")
        self._send(*self.metadata.answer(self.path, self.headers.get(HOST_HEADER, ""), token))

    def do_PUT(self) -> None:
        timed = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "").isdigit()
        asked = self.path == "/latest/api/token" and timed
        self._send(200 if asked else 400, self.metadata.token() if asked else "")

    def do_POST(self) -> None:
        # Not AWS's: how a guest's `shutdown` tells the lab.
        self.metadata.shut_down(self.headers.get(HOST_HEADER, ""))
        self._send(200, "")

    def _send(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: t.Any) -> None:
        pass
