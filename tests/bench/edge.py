"""What the way through the gateway adds to asking the engine: per request, and per event of a stream."""

from __future__ import annotations

import http.client
import json
import re
import time
import typing as t
from urllib.parse import urlsplit

from tests.sweep.stack import STACK, Stack

from .figures import Figure, quantile
from .playing import succeed

# No plan holds a race back.
_UNLIMITED = {
    "llm_gateway_rate_limit": 10000,
    "llm_gateway_burst_limit": 5000,
    "llm_gateway_quota_limit": 1000000,
    "llm_gateway_stage_rate_limit": 10000,
    "llm_gateway_stage_burst_limit": 5000,
}
_REQUESTS, _STREAMS, _EVENTS = 100, 10, 200
_LISTENING = re.compile(r"listening on (http://\S+) as")


class Way:
    """A connection that is kept, to the gateway or to the engine behind it."""

    def __init__(self, url: str, headers: t.Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(t.cast("str", parts.hostname), parts.port, timeout=60)
        self._path = f"{parts.path}/chat/completions"
        self._headers = {"Content-Type": "application/json", **headers}

    def ask(self) -> float:
        """Seconds of a request with its answer."""
        began = time.perf_counter()
        self._send(1, stream=False).read()
        return time.perf_counter() - began

    def stream(self) -> float:
        """Seconds that an event of a stream takes, from the first to the last."""
        answer = self._send(_EVENTS, stream=True)
        first, events = 0.0, 0
        while line := answer.readline():
            if line.startswith(b"data:"):
                events += 1
                first = first or time.perf_counter()
        if events < _EVENTS:
            raise SystemExit(f"the stream broke off after {events} events")
        return (time.perf_counter() - first) / (events - 1)

    def _send(self, tokens: int, *, stream: bool) -> http.client.HTTPResponse:
        question = {"model": "tiny", "stream": stream, "max_tokens": tokens}
        body = json.dumps({**question, "messages": [{"role": "user", "content": "Say hello."}]})
        self._connection.request("POST", self._path, body, self._headers)
        answer = self._connection.getresponse()
        if answer.status != 200:
            raise SystemExit(f"{self._path} answered {answer.status}: {answer.read()!r}")
        return answer


def ways(stack: Stack) -> tuple[Way, Way]:
    """Through the gateway, and past it."""
    gateway = stack.client("apigateway")
    api = next(each for each in gateway.get_rest_apis()["items"] if each["name"].startswith(STACK))
    secret = stack.client("secretsmanager").get_secret_value(SecretId=f"{STACK}/clients/{STACK}-client")
    who = dict.fromkeys(("x-llm-source", "x-llm-user", "x-llm-request-type"), "bench")
    headers = {"x-api-key": json.loads(secret["SecretString"])["value"], **who}
    edge = f"{stack.environment['LAB_EDGE_URL']}/restapis/{api['id']}/prod/_user_request_/v1"
    return Way(edge, headers), Way(f"{engine(stack)}/v1", who)


def engine(stack: Stack) -> str:
    """Where the engine that started last listens, as its log says."""
    logs = stack.client("logs")
    said = [
        (event["timestamp"], found[1])
        for group in logs.describe_log_groups(logGroupNamePrefix="/ecs/")["logGroups"]
        for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        if (found := _LISTENING.search(event["message"]))
    ]
    return max(said)[1]


def edge(stack: Stack, rounds: int, report: t.Callable[[str], None]) -> list[Figure]:
    succeed(stack, "up", _UNLIMITED)
    through, past = ways(stack)
    for way in (through, past):
        way.ask()
        way.stream()
    # One for the one, one for the other: what slows the machine slows both.
    asked = [(through.ask(), past.ask()) for _number in range(rounds * _REQUESTS)]
    streamed = [(through.stream(), past.stream()) for _number in range(rounds * _STREAMS)]
    report(f"  the gateway's way: {len(asked)} requests, {len(streamed)} streams of {_EVENTS} events")

    succeed(stack, "up", {**_UNLIMITED, "llm_gateway_auth": "bearer"})
    through, past = ways(stack)
    for way in (through, past):
        way.ask()
    through_function = [(through.ask(), past.ask()) for _number in range(rounds * _REQUESTS // 4)]

    def added(pairs: list[tuple[float, float]], share: float, scale: float) -> float:
        ours, theirs = (sorted(times) for times in zip(*pairs, strict=True))
        return (quantile(ours, share) - quantile(theirs, share)) * scale

    return [
        Figure("edge_added_p50_ms", added(asked, 0.5, 1e3), "ms"),
        Figure("edge_added_p99_ms", added(asked, 0.99, 1e3), "ms"),
        Figure("edge_bearer_added_p50_ms", added(through_function, 0.5, 1e3), "ms"),
        Figure("edge_event_added_p50_us", added(streamed, 0.5, 1e6), "us"),
        Figure("edge_event_added_p99_us", added(streamed, 0.99, 1e6), "us"),
    ]
