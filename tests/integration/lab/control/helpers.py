"""What several of these tests need."""

from __future__ import annotations

import time
import typing as t

import pytest
from botocore.exceptions import ClientError

T = t.TypeVar("T")


def refused(call: t.Callable[..., t.Any], **arguments: t.Any) -> str:
    """The error code of a call that AWS refuses."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def eventually(look: t.Callable[[], T], wanted: t.Callable[[T], bool], seconds: float = 20.0) -> T:
    """Look until it is as wanted; the last look is what an assertion then shows."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if wanted(seen) or time.monotonic() > deadline:
            assert wanted(seen), seen
            return seen
        time.sleep(0.02)
