"""Which calls change something: each of them makes its service's generation grow."""

from __future__ import annotations

from lab.context import Generations
from lab.control.call import Call

_READS = (
    "Describe",
    "Get",
    "List",
    "Head",
    "BatchGet",
    "BatchCheck",
    "Search",
    "Lookup",
    "Filter",
    "Scan",
    "Query",
    "Select",
    "Simulate",
    "TestInvoke",
    "Validate",
    "Check",
)


def is_read(operation: str) -> bool:
    return operation.startswith(_READS)


def note(generations: Generations, call: Call, status: int) -> None:
    """Count a successful write; a failed one may have changed something too, but AWS promises it has not."""
    if status < 400 and call.operation and not is_read(call.operation):
        generations.bump(call.service)
