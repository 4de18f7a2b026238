"""Responses that arrive while they are made."""

from __future__ import annotations

import pytest
import requests
from edge_support import DEADLINE, Api, Backend, proxy


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
    assert next(answer.iter_lines(chunk_size=1)) == b"data: first"
    assert not backend.left.is_set()
    answer.close()
    assert backend.left.wait(DEADLINE)


def test_a_stream_over_its_time_breaks_off(api: Api, backend: Backend) -> None:
    integration = {**stream_integration(f"{backend.url}/hold"), "timeoutInMillis": 500}
    api.method("/hold", integration)
    api.deploy()
    with requests.post(api.url("/hold"), stream=True, timeout=DEADLINE) as answer:
        assert answer.status_code == 200
        with pytest.raises(requests.exceptions.RequestException):
            assert b"".join(answer.iter_content(1)) == b"never whole"
    assert backend.left.wait(DEADLINE)


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
