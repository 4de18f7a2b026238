from __future__ import annotations

import http.server
import threading
import typing as t

import pytest


class Endpoint:
    """Answers what a test tells it to, the last answer for ever, and notes what it was sent."""

    def __init__(self) -> None:
        self.answers = [200]
        self.seen: list[dict[str, str]] = []
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                endpoint.seen.append({name.lower(): value for name, value in self.headers.items()})
                status = endpoint.answers.pop(0) if len(endpoint.answers) > 1 else endpoint.answers[0]
                body = f"no {self.headers['x-api-key']}".encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/healthz"


@pytest.fixture
def endpoint() -> t.Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def key(lab: t.Any) -> dict[str, str]:
    return lab.client("apigateway").create_api_key(name="client", enabled=True)


@pytest.fixture
def probe(run_module: t.Any, key: dict[str, str]) -> t.Callable[..., t.Any]:
    module = run_module("api_gateway_key_probe_info")
    return lambda url, **options: module(**{"key_id": key["id"], "url": url, "delay": 0, "times": 3, **options})


def test_it_takes_several_answers_in_a_row(probe: t.Any, endpoint: Endpoint, key: dict[str, str]) -> None:
    endpoint.answers = [403, 200, 200, 403, 503, 200, 429, 200]
    outcome = probe(endpoint.url, headers={"x-llm-user": "rotation"})
    assert (outcome["requests"], outcome["refused"], outcome.changed) == (8, 3, False)
    assert all(seen["x-api-key"] == key["value"] and seen["x-llm-user"] == "rotation" for seen in endpoint.seen)
    # By which an access log tells it from clients.
    assert {seen["user-agent"] for seen in endpoint.seen} == {"central-llm"}
    assert key["value"] not in str(outcome)


def test_a_key_that_is_refused_for_good(probe: t.Any, endpoint: Endpoint, key: dict[str, str]) -> None:
    endpoint.answers = [403]
    outcome = probe(endpoint.url, timeout=0)
    assert outcome.failed
    assert "not let through 3 times in a row" in outcome["msg"] and "HTTP 403" in outcome["msg"]
    assert key["value"] not in str(outcome)


def test_an_endpoint_that_nobody_listens_at(probe: t.Any) -> None:
    outcome = probe("http://127.0.0.1:9/healthz", timeout=0)
    assert outcome.failed and "http://127.0.0.1:9/healthz" in outcome["msg"]


def test_bad_input_and_a_denial(probe: t.Any, endpoint: Endpoint, faults: t.Any) -> None:
    assert "times must be at least 1" in probe(endpoint.url, times=0)["msg"]
    faults.add("apigateway", "GetApiKey", "AccessDeniedException", status=403)
    assert "apigateway:GET" in probe(endpoint.url)["msg"]
    assert endpoint.seen == []
