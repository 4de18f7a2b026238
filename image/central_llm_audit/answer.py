"""What an answer says of itself: model, tokens, and how it ended. Pure.

The answer is not parsed as a whole, which would take the longer the more was said, and the end of a stream is all that
is kept of it. A name is looked for as JSON writes it: a quote that follows a brace, a comma or a space begins a name,
for inside of a text quotes are escaped, so that nothing that was said can be taken for it.
"""

from __future__ import annotations

import json
import re
import typing as t

_BEFORE_A_NAME = b" \t\r\n{,"
_TOKENS = re.compile(rb'"(prompt|input|completion|output|total)_tokens"\s*:\s*(\d{1,15})(?=[\s,}])')
# As vLLM writes it: found at once, where the others are looked for one by one.
_USUAL = re.compile(
    rb'"usage"\s*:\s*\{\s*"prompt_tokens"\s*:\s*(\d{1,15})\s*,\s*"total_tokens"\s*:\s*(\d{1,15})\s*,'
    rb'\s*"completion_tokens"\s*:\s*(\d{1,15})(?=[\s,}])'
)
_WORD = re.compile(rb'\s*:\s*"([a-z_]{1,32})"')
_PLAIN_TEXT = re.compile(rb'\s*:\s*"([^"\\]{0,512})"')
_TEXT = re.compile(rb'\s*:\s*("(?:[^"\\]|\\.){0,512}")')
# Instructions and metadata of a client may stand before the model, the answer does not.
_FARTHEST_MODEL = 64 * 2**10
# No usage is longer; details of cached and audio tokens are in it.
_LONGEST_USAGE = 4096
_FAILED = (b'data: {"error"', b'data:{"error"', b"event: error\n", b"event: response.failed\n")
_DONE = (b"data: [DONE]", b"event: message_stop\n", b"event: response.completed\n", b"event: response.incomplete\n")


class Answer(t.NamedTuple):
    model: str | None = None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    # Of a stream: an error came inside of it, with status 200; the last event that is always sent has come.
    failed: bool = False
    done: bool = False


NOTHING = Answer()


def read(head: bytes, tail: bytes, *, stream: bool) -> Answer:
    """`tail` is the end of the answer, or all of it; `head` its beginning, where that is no part of the tail."""
    head = head or tail
    failed = done = False
    if stream:
        failed = any(_begins_a_line(tail, sign) for sign in _FAILED)
        done = any(_begins_a_line(tail, sign) for sign in _DONE)
    return Answer(model(head), finish_reason(tail), *tokens(head, tail), failed, done)


def tokens(head: bytes, tail: bytes) -> tuple[int | None, int | None, int | None]:
    """Of prompt, completion and both, under the names of OpenAI's and of Anthropic's interfaces.

    The latter tell those of the prompt in a stream's first event.
    """
    at = _last(tail, b'"usage"')
    usual = _USUAL.match(tail, at) if at > 0 else None
    if usual:
        return int(usual[1]), int(usual[3]), int(usual[2])
    last = usage(tail, _last)
    if not last:
        return None, None, None
    prompt = last.get(b"prompt") or last.get(b"input")
    completion = last.get(b"completion") or last.get(b"output")
    if prompt is None and completion is not None:
        prompt = usage(head, _first).get(b"input")
    total = last.get(b"total")
    if prompt is None or completion is None:
        return _number(prompt), _number(completion), _number(total)
    counts = int(prompt), int(completion)
    return *counts, int(total) if total else sum(counts)


def usage(data: bytes, find: t.Callable[..., int]) -> dict[bytes, bytes]:
    """Of the first or the last place where tokens are counted; what a client describes under this name counts none."""
    at = find(data, b'"usage"')
    while at > 0:
        found = _TOKENS.findall(data, at, at + _LONGEST_USAGE)
        if found:
            # Should a name come twice, the first is the one of the usage itself.
            return dict(reversed(found))
        at = find(data, b'"usage"', at)
    return {}


def model(data: bytes) -> str | None:
    at = _first(data, b'"model"')
    while 0 < at < _FARTHEST_MODEL:
        plain = _PLAIN_TEXT.match(data, at + 7)
        if plain:
            return plain[1].decode("utf-8", "replace")
        found = _TEXT.match(data, at + 7)
        if found:
            try:
                return str(json.loads(found[1]))
            except ValueError:
                return None
        at = _first(data, b'"model"', at)
    return None


def finish_reason(data: bytes) -> str | None:
    """Words only: vLLM's stop_reason can be what the client wants to stop at, and counts only where nothing else is."""
    for name in (b'"finish_reason"', b'"stop_reason"', b'"status"'):
        at = _last(data, name)
        there = at > 0
        while at > 0:
            found = _WORD.match(data, at + len(name))
            if found:
                return found[1].decode()
            at = _last(data, name, at)
        if there:
            return None
    return None


def _first(data: bytes, name: bytes, beyond: int = 0) -> int:
    """Where a name is, behind this place; -1 for nowhere."""
    at = data.find(name, beyond + 1)
    while at > 0 and data[at - 1] not in _BEFORE_A_NAME:
        at = data.find(name, at + 1)
    return at


def _last(data: bytes, name: bytes, before: int | None = None) -> int:
    """The same from the end."""
    at = data.rfind(name, 0, before)
    while at > 0 and data[at - 1] not in _BEFORE_A_NAME:
        at = data.rfind(name, 0, at)
    return at


def _number(digits: bytes | None) -> int | None:
    return None if digits is None else int(digits)


def _begins_a_line(data: bytes, sign: bytes) -> bool:
    return data.startswith(sign) or b"\n" + sign in data
