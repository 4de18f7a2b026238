"""What tells one call of a run from the others, whatever ids and times the stack has got this time."""

from __future__ import annotations

import json
import re
import typing as t
import zlib
from collections import Counter

from lab.control.call import Call
from lab.control.generations import is_read
from lab.control.operations import params_of

# How many calls that are alike count as different ones: reads are repeated while something is waited for.
MOST_READS, MOST_WRITES = 2, 4
_VOLATILE = re.compile(
    r"\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-]\d\d:\d\d)?"  # times
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # tokens
    r"|(?<![A-Za-z0-9])(?=[A-Za-z0-9]*[0-9])(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{6,}(?![A-Za-z0-9])"  # ids
    r"|\d+\.\d+|\d{5,}"  # times in seconds, and what is computed from them
    r'|(?<=\\":)\d+'  # numbers in a document within a string, as the seconds of a receipt are
    r'|(?<="N": ")\d+'  # numbers in an item, as the process of a lock is
)


def likeness(service: str, operation: str, params: t.Any) -> str:
    """The operation and a checksum of what it is called with, without what differs from run to run."""
    told = _VOLATILE.sub("*", json.dumps(params, default=str, sort_keys=True))
    return f"{service}.{operation}~{zlib.crc32(told.encode()):08x}"


def part_of(name: str, parts: int) -> int:
    """The part, from 1, that looks after it where several share the work."""
    return zlib.crc32(name.encode()) % parts + 1


def alike(name: str) -> str:
    """What the names of a call and of its repetition have in common."""
    return name.partition("#")[0]


class Seen:
    """Names calls in the order of a run: the likeness, and the how-manieth of it."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def name(self, call: Call) -> str:
        try:
            params: t.Any = params_of(call)
        except (ValueError, TypeError, AttributeError):
            # The caller is told by strict.py, after the faults.
            params = None
        which = likeness(call.service, call.operation, params)
        self._counts[which] += 1
        most = MOST_READS if is_read(call.operation) else MOST_WRITES
        return f"{which}#{min(self._counts[which], most)}"
