"""Responses that arrive while they are made."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest
import requests
from edge_support import DEADLINE, Api, Backend, eventually, proxy

from lab.edge.plane import EdgePlane


def stream_integration(uri: str, **more: object) -> dict[str, object]:
    return proxy(uri, responseTransferMode="STREAM", timeoutInMillis=900_000, **more)


def test_events_arrive_one_by_one(api: Api, backend: Backend) -> None:
    api.method("/stream", stream_integration(f"{backend.url}/stream"))
    api.deploy()
    with requests.post(api.url("/stream"), stream=True, timeout=DEADLINE) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["X-Engine"] == "test"
        assert answer.headers["x-amz-apigw-id"]
        events = []
        for line in answer.iter_lines(chunk_size=1):
            if line:
                events.append(line.decode())
                # The backend makes the next event now, not earlier: a buffering gateway would never get here.
                backend.go_on()
    assert events == [f"data: {number}" for number in range(5)]


def test_a_client_that_leaves_takes_its_request_to_the_backend_with_it(api: Api, backend: Backend) -> None:
    api.method("/hold", stream_integration(f"{backend.url}/hold"))
    api.deploy()
    answer = requests.post(api.url("/hold"), stream=True, timeout=DEADLINE)
    lines = answer.iter_lines(chunk_size=1)  # held on to: urllib3 hangs up when its iterator is dropped
    assert next(lines) == b"data: first"
    assert not backend.left.is_set()
    answer.close()
    assert backend.left.wait(DEADLINE)


def test_a_client_of_a_buffered_response_can_leave_as_well(api: Api, backend: Backend) -> None:
    api.proxy("/hold", f"{backend.url}/hold")
    api.deploy()
    address = urlsplit(api.url("/hold"))
    backend.left.clear()
    with socket.create_connection((address.hostname, address.port), timeout=DEADLINE) as connection:
        connection.sendall(f"POST {address.path} HTTP/1.1\r\nHost: edge\r\nContent-Length: 0\r\n\r\n".encode())
        eventually(lambda: backend.seen, "the request arrives")
        # Well before the integration's 29 s are over.
        assert not backend.left.is_set()
    assert backend.left.wait(15)


def test_a_stream_over_its_time_breaks_off(api: Api, backend: Backend) -> None:
    integration = {**stream_integration(f"{backend.url}/hold"), "timeoutInMillis": 500}
    api.method("/hold", integration)
    api.deploy()
    with requests.post(api.url("/hold"), stream=True, timeout=DEADLINE) as answer:
        assert answer.status_code == 200
        with pytest.raises(requests.exceptions.RequestException):
            assert b"".join(answer.iter_content(1)) == b"never whole"
    assert backend.left.wait(DEADLINE)


def test_a_stream_that_falls_silent_for_too_long_breaks_off(
    api: Api, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edge whose five minutes of silence are shorter; the integration's 15 minutes stay what they are."""
    api.method("/hold", stream_integration(f"{backend.url}/hold"))
    api.deploy()
    monkeypatch.setattr("lab.edge.backend.IDLE_SECONDS", 0.5)
    monkeypatch.setattr(api.ctx, "edge_url", api.ctx.edge_url)
    impatient = EdgePlane()
    impatient.start(api.ctx)
    try:
        with requests.post(api.url("/hold"), stream=True, timeout=DEADLINE) as answer:
            assert answer.status_code == 200
            with pytest.raises(requests.exceptions.ChunkedEncodingError):
                assert b"".join(answer.iter_content(1)) == b"never whole"
        assert backend.left.wait(DEADLINE)
    finally:
        impatient.stop()


def test_a_stream_that_does_not_begin_is_answered_as_any_other(api: Api, backend: Backend) -> None:
    api.method("/slow", {**stream_integration(f"{backend.url}/slow"), "timeoutInMillis": 100})
    api.method("/refused", stream_integration("http://127.0.0.1:1/"))
    api.deploy()
    assert api.post("/slow").json() == {"message": "Endpoint request timed out"}
    assert api.post("/refused").json() == {"message": "Network error communicating with endpoint"}


def test_a_large_response_can_be_streamed(api: Api, backend: Backend) -> None:
    api.method("/large", stream_integration(f"{backend.url}/large"))
    api.deploy()
    assert len(api.post("/large").content) == 10 * 1024 * 1024 + 1
