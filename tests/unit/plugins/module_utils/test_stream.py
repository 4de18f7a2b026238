from __future__ import annotations

import json
import re
import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._stream import Stream
from hypothesis import given
from hypothesis import strategies as st


def piece(text: str, **more: t.Any) -> str:
    return f"data: {json.dumps({'choices': [{'delta': {'content': text}}], **more})}"


def fed(*lines: str) -> Stream:
    """A line a second."""
    stream = Stream()
    for second, line in enumerate(lines, start=1):
        stream.feed(line, float(second))
    return stream


ROLE = 'data: {"choices": [{"delta": {"role": "assistant", "content": ""}}]}'
USAGE = 'data: {"choices": [], "usage": {"completion_tokens": 9}}'
DONE = "data: [DONE]"


def test_a_whole_stream_is_measured_from_its_first_word() -> None:
    stream = fed(ROLE, "", piece("Hel"), piece("lo"), ": a comment", piece("."), USAGE, DONE, piece("after the end"))
    assert (stream.complaint, stream.first_at, stream.last_at, stream.tokens) == ("", 3, 6, 9)
    assert stream.tokens_per_second == pytest.approx(8 / 3)


def test_without_the_engines_count_the_pieces_count() -> None:
    assert fed(piece("a"), piece("b"), piece("c"), DONE).tokens == 3


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([], r"without \[DONE\]"),
        ([piece("a")], r"after 1 pieces without \[DONE\]"),
        ([ROLE, DONE], "no token"),
        ([piece("a"), 'data: {"error": {"message": "out of memory"}}', DONE], "out of memory"),
        (["data: not json", DONE], "no JSON"),
        (["data: []", DONE], "no JSON object"),
    ],
)
def test_what_is_not_whole(lines: list[str], complaint: str) -> None:
    assert re.search(complaint, fed(*lines).complaint)


@given(st.lists(st.text(min_size=1), max_size=8), st.lists(st.text(alphabet="abc :\n"), max_size=4))
def test_any_text_counts_once_and_noise_never(texts: list[str], noise: list[str]) -> None:
    stream = fed(*noise, *map(piece, texts), DONE)
    assert stream.tokens == len(texts) and (stream.complaint == "") == bool(texts)


def test_one_token_has_no_speed() -> None:
    assert fed(piece("a"), DONE).tokens_per_second is None
