"""Requests of every kind through the gateway, many at once, and what the clients were told of each."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .conftest import HEADERS

MARKER = "zebra-marmalade-lighthouse"
"""Stands in every prompt, and may stand nowhere else."""
_TIMEOUT_S = 180

# Kind of request -> how many of a hundred.
MIX = {
    "whole": 42,
    "streamed": 25,
    "streamed without usage": 4,
    "completion": 6,
    "no header": 5,
    "wrong key": 5,
    "no route": 3,
    "throttled": 5,
    "left": 5,
}


@dataclass
class Told:
    """What a client knows of its request; `request_id` is the gateway's, from the answer's headers."""

    kind: str
    request_id: str = ""
    status: int = 0
    # Whether the answer came to its end.
    whole: bool = False
    usage: tuple[int, int] | None = None
    answer: str = ""
    error: str = ""


@dataclass
class Traffic:
    """`keys` are those of the client that may ask at will, and of one that may hardly ask."""

    url: str
    keys: tuple[str, str]
    seed: int
    # Requests a second at most; 0 for as many as there can be.
    rate: float = 0.0
    told: list[Told] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, count: int, workers: int, between: t.Mapping[int, t.Callable[[], None]]) -> None:
        """`between` says what is to happen once so many requests were begun, with others under way."""
        draw = random.Random(self.seed)
        kinds = draw.choices(list(MIX), weights=list(MIX.values()), k=count)
        under_way, began = threading.Semaphore(workers), time.monotonic()
        waited = threading.Event()
        with ThreadPoolExecutor(workers) as pool:
            pending = []
            for number, kind in enumerate(kinds):
                if number in between:
                    between[number]()
                    began = time.monotonic() - (number / self.rate if self.rate else 0.0)
                if self.rate:
                    waited.wait(max(0.0, began + number / self.rate - time.monotonic()))
                under_way.acquire()
                pending.append(pool.submit(self._ask, number, kind))
                pending[-1].add_done_callback(lambda _done: under_way.release())
            for each in pending:
                each.result()

    def _ask(self, number: int, kind: str) -> None:
        told = Told(kind)
        try:
            self._exchange(number, kind, told)
        except (OSError, http.client.HTTPException, ValueError) as error:
            told.error = f"{type(error).__name__}: {error}"
        with self._lock:
            self.told.append(told)

    def _exchange(self, number: int, kind: str, told: Told) -> None:
        at_will, hardly = self.keys
        headers = {"Content-Type": "application/json", "x-api-key": at_will, "x-request-id": f"run-{number}", **HEADERS}
        path, tokens = "/chat/completions", 1 + number % 6
        if kind == "wrong key":
            headers["x-api-key"] = "w" * 40
        elif kind == "throttled":
            headers["x-api-key"] = hardly
        elif kind == "no header":
            del headers["x-llm-user"]
        elif kind == "no route":
            path = "/nothing"
        elif kind == "completion":
            path = "/completions"
        body: dict[str, t.Any] = {
            "model": "tiny",
            "max_tokens": tokens,
            "stream": kind.startswith(("streamed", "left")),
        }
        text = f"{MARKER} number {number}"
        body |= {"prompt": text} if kind == "completion" else {"messages": [{"role": "user", "content": text}]}
        if kind == "streamed":
            body["stream_options"] = {"include_usage": True}
        if kind == "left":
            body["max_tokens"] = 60
            headers["x-stub-token-delay"] = "0.05"
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(t.cast("str", parts.hostname), parts.port, timeout=_TIMEOUT_S)
        try:
            connection.request("POST", parts.path + path, json.dumps(body), headers)
            answer = connection.getresponse()
            told.status, told.request_id = answer.status, answer.headers["x-amz-apigw-id"]
            if kind == "left" and answer.status == 200:
                answer.readline()
                return
            read(answer, told)
        finally:
            connection.close()


def read(answer: http.client.HTTPResponse, told: Told) -> None:
    if "text/event-stream" not in answer.headers.get("Content-Type", ""):
        document = json.loads(answer.read())
        told.whole = True
        if "usage" in document:
            told.usage = usage_of(document)
            choice = document["choices"][0]
            told.answer = choice["message"]["content"] if "message" in choice else choice["text"]
        return
    while line := answer.readline():
        data = line.removeprefix(b"data: ").strip()
        if data == b"[DONE]":
            told.whole = True
        elif line.startswith(b"data: "):
            event = json.loads(data)
            told.usage = usage_of(event) or told.usage
            for choice in event.get("choices", []):
                told.answer += choice.get("delta", {}).get("content") or ""


def usage_of(document: dict[str, t.Any]) -> tuple[int, int] | None:
    usage = document.get("usage")
    return (usage["prompt_tokens"], usage["completion_tokens"]) if usage else None
