from __future__ import annotations

import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils import _chat


class Endpoint:
    """Answers with these states of HTTP, the last one from then on, at a clock of its own."""

    def __init__(self, *states: int, text: str = "Too Many Requests") -> None:
        self._states = list(states)
        self._text = text
        self.now = 0.0
        self.asked = 0

    def _ask(self) -> str:
        self.asked += 1
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        if state != 200:
            raise _chat.Refused(state, {}, self._text)
        return "answer"

    def _pause(self, seconds: float) -> None:
        self.now += seconds

    def answer(self, timeout: int) -> t.Any:
        return _chat.unthrottled(self._ask, timeout, clock=lambda: self.now, pause=self._pause)


def test_asked_until_there_is_an_answer() -> None:
    endpoint = Endpoint(429, 429, 200)
    assert (endpoint.answer(30), endpoint.asked) == ("answer", 3)


def test_asked_no_longer_than_it_may_take() -> None:
    endpoint = Endpoint(429)
    with pytest.raises(_chat.Refused, match="HTTP 429: Too Many"):
        endpoint.answer(30)
    assert endpoint.now == 30 and endpoint.asked == 31


def test_another_refusal_is_an_answer() -> None:
    endpoint = Endpoint(429, 403)
    with pytest.raises(_chat.Refused, match="HTTP 403"):
        endpoint.answer(30)
    assert endpoint.asked == 2


@pytest.mark.parametrize("text", ['{"error": {"code": "insufficient_quota"}}', '{"message": "Limit Exceeded"}'])
def test_a_quota_that_is_used_up_is_no_matter_of_patience(text: str) -> None:
    endpoint = Endpoint(429, text=text)
    with pytest.raises(_chat.NotAnswered, match="used up until its next period"):
        endpoint.answer(30)
    assert endpoint.asked == 1
