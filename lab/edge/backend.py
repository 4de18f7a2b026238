"""The request to the backend: over loopback, never kept alive, cancelled with the client's.

Connections are not reused: what a security group or a target group says holds for new connections, and the lab
must show every change of them at once.
"""

from __future__ import annotations

import contextlib
import ipaddress
import typing as t
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import aiohttp
from yarl import URL

from lab.edge.errors import GatewayError

# "Streams are subject to idle timeouts. For Regional or private endpoints, the timeout is 5 minutes."
# https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
IDLE_SECONDS = 300.0
MAXIMUM_BUFFERED = 10 * 1024 * 1024
_DEFAULT_TIMEOUT = 29_000
_MAXIMUM_TIMEOUT = {"BUFFERED": 29_000, "STREAM": 900_000}

# What the gateway answers in its own name; the backend's word is kept under another.
_REMAPPED = frozenset({"connection", "content-length", "date", "server", "www-authenticate", "x-amzn-requestid"})
_DROPPED = frozenset({"keep-alive", "proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade"})


@dataclass(frozen=True)
class BackendRequest:
    method: str
    url: URL
    """Where to connect, and the path."""
    host: str
    """The Host header, and the name that a certificate would be for."""
    headers: list[tuple[str, str]]
    body: bytes


def timeout_seconds(integration: Mapping[str, t.Any]) -> float:
    """Buffered up to 29 s, streamed up to 15 minutes; 29 s where nothing is set."""
    mode = integration.get("responseTransferMode") or "BUFFERED"
    given = int(integration.get("timeoutInMillis") or _DEFAULT_TIMEOUT)
    return min(max(given, 50), _MAXIMUM_TIMEOUT[mode]) / 1000


def split_uri(uri: str) -> URL:
    try:
        url = URL(uri, encoded=True)
        _port = url.port
    except ValueError as error:
        raise GatewayError("API_CONFIGURATION_ERROR", reason=f"the uri {uri!r} is no URL: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise GatewayError("API_CONFIGURATION_ERROR", reason=f"the uri {uri!r} is no HTTP URL")
    return url


def require_loopback(url: URL) -> None:
    """The lab's edge reaches this machine and nothing else, whatever an API was told to call."""
    host = url.host or ""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return
    reason = f"{host} is not a loopback address: the lab calls backends on this machine only (127.0.0.0/8, ::1)"
    raise GatewayError("API_CONFIGURATION_ERROR", reason=reason)


def open_session() -> aiohttp.ClientSession:
    """Nothing of the machine's own settings (proxies, cookies, default headers) gets between client and backend."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True, limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        timeout=aiohttp.ClientTimeout(total=None, sock_read=IDLE_SECONDS),
        max_field_size=16384,
    )


@contextlib.asynccontextmanager
async def exchange(session: aiohttp.ClientSession, request: BackendRequest) -> AsyncIterator[aiohttp.ClientResponse]:
    """The backend's answer once its headers are there; leaving the block closes the connection."""
    try:
        response = await session.request(
            request.method,
            request.url,
            headers=[("Host", request.host), *request.headers],
            data=request.body or None,
            allow_redirects=False,
            server_hostname=request.host.partition(":")[0] if request.url.scheme == "https" else None,
        )
    except TimeoutError as error:
        raise GatewayError("INTEGRATION_TIMEOUT", reason=f"{request.url}: {error}") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise GatewayError("INTEGRATION_FAILURE", reason=f"{request.url}: {error}") from error
    try:
        yield response
    finally:
        response.close()


async def read_buffered(response: aiohttp.ClientResponse) -> bytes:
    """The whole body, up to the 10 MB that a buffered response may have."""
    body = bytearray()
    try:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > MAXIMUM_BUFFERED:
                reason = "the backend's response is larger than the 10 MB that can be buffered"
                raise GatewayError("API_CONFIGURATION_ERROR", reason=reason)
    except TimeoutError as error:
        raise GatewayError("INTEGRATION_TIMEOUT", reason=str(error)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise GatewayError("INTEGRATION_FAILURE", reason=str(error)) from error
    return bytes(body)


def response_headers(response: aiohttp.ClientResponse) -> list[tuple[str, str]]:
    """The backend's headers as a proxy integration's client gets them.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
    """
    headers = []
    for raw_name, raw_value in response.raw_headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name.lower() in _REMAPPED:
            headers.append((f"x-amzn-Remapped-{name}", value))
        elif name.lower() not in _DROPPED:
            headers.append((name, value))
    if "content-type" not in response.headers:
        # "API Gateway includes a Content-Type header for all integration responses. By default, application/json."
        headers.append(("Content-Type", "application/json"))
    return headers
