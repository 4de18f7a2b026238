"""The record of a request as one line of JSON, put together of values that are JSON already. Pure."""

from __future__ import annotations

import functools
import json.encoder
import typing as t

# Says of a line of the engine's log that it is a record, and of which version.
MARK = "central_llm_audit"
VERSION = 1

# In the order in which they are written.
FIELDS = (
    "gateway_request_id",
    "request_id",
    "key_id",
    "source",
    "user",
    "request_type",
    "method",
    "route",
    "model",
    "stream",
    "status",
    "outcome",
    "finish_reason",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "received_at",
    "first_byte_ms",
    "total_ms",
    "request_bytes",
    "response_bytes",
)
NULL = "null"

_TEMPLATE = f'{{"{MARK}":{VERSION},' + ",".join(f'"{name}":%s' for name in FIELDS) + "}\n"
_quoted: t.Callable[[str], str] = json.encoder.encode_basestring


def line(values: tuple[str | int, ...]) -> bytes:
    """The line of these values, which are in the order of FIELDS."""
    return (_TEMPLATE % values).encode()


def sent(value: bytes | None, most: int) -> str:
    """What a client sent, fit for a log: at most so many characters, and each of them one that can be seen."""
    return visible(value[: 4 * most].decode("utf-8", "replace"), most) if value else NULL


def identifier(value: bytes | None, most: int) -> str:
    """An id of the gateway, which is ASCII."""
    if not value:
        return NULL
    return visible(value[:most].decode("ascii", "backslashreplace"), most)


def visible(text: str, most: int) -> str:
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else " " for sign in text)
    text = text[:most].strip()
    return _quoted(text) if text else NULL


# For what is mostly the same from one request to the next.
sent_again = functools.lru_cache(maxsize=512)(sent)
visible_again = functools.lru_cache(maxsize=512)(visible)
