from __future__ import annotations

import threading

import pytest
from ansible_collections.central.llm.plugins.module_utils._at_once import AT_ONCE, at_once


def test_answers_come_in_the_order_of_the_calls() -> None:
    second_is_through = threading.Event()

    def first() -> str:
        assert second_is_through.wait(10), "they do not run side by side"
        return "first"

    def second() -> str:
        second_is_through.set()
        return "second"

    assert at_once(first, second) == ["first", "second"]


def test_no_call_has_no_answer_and_one_needs_no_thread() -> None:
    assert at_once() == []
    assert at_once(threading.current_thread) == [threading.main_thread()]


def test_more_than_go_at_once_wait_for_their_turn() -> None:
    assert at_once(*[lambda number=number: number for number in range(3 * AT_ONCE)]) == list(range(3 * AT_ONCE))


def test_the_first_failure_is_told_whichever_comes_sooner() -> None:
    later = threading.Event()

    def first() -> None:
        assert later.wait(10)
        raise KeyError("first")

    def second() -> None:
        later.set()
        raise ValueError("second")

    with pytest.raises(KeyError):
        at_once(first, second)
