from __future__ import annotations

import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._logs import filtered


class Logs:
    """Pages of events, newest first where it is asked for that."""

    def __init__(self, *pages: list[int]) -> None:
        self._pages = pages
        self.read = 0
        self.asked: dict[str, t.Any] = {}

    def get_paginator(self, _operation: str) -> Logs:
        return self

    def paginate(self, **request: t.Any) -> t.Iterator[dict[str, t.Any]]:
        self.asked = request
        for page in self._pages if request.get("startFromHead", True) else self._pages[::-1]:
            self.read += 1
            yield {"events": [{"timestamp": moment} for moment in page]}


def newest(logs: Logs, monkeypatch: pytest.MonkeyPatch, *known: str) -> t.Any:
    monkeypatch.setattr(filtered, "members_of", lambda _client, _operation: frozenset(known))
    return filtered.newest_event(logs, "group", "pattern", 0, lambda event: event["timestamp"] < 30)


def test_no_more_is_read_than_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = Logs([10], [20], [], [30])
    assert newest(logs, monkeypatch, "startFromHead") == {"timestamp": 20}
    assert logs.read == 3 and logs.asked["startTime"] == 1704067200000
    assert newest(Logs([30], []), monkeypatch, "startFromHead") is None


def test_an_sdk_that_knows_no_order_reads_all(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = Logs([10], [20], [], [30])
    assert newest(logs, monkeypatch) == {"timestamp": 20}
    assert logs.read == 4 and "startFromHead" not in logs.asked
    assert newest(Logs([30], []), monkeypatch) is None
