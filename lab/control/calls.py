"""The record of the calls that were made, for tests that ask what a playbook did."""

from __future__ import annotations

import threading
import time
import typing as t
from collections import deque

from lab.control.call import Call

# A daemon lives for days: keep the recent past only.
_KEPT = 20_000


class CallRecord:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[dict[str, t.Any]] = deque(maxlen=_KEPT)

    def note(self, call: Call) -> dict[str, t.Any]:
        """Note a call as it comes; its entry gets the status once there is one."""
        entry: dict[str, t.Any] = {
            "service": call.service,
            "operation": call.operation,
            "region": call.region,
            "access_key": call.access_key,
            "time": time.time(),
            "caller": call.caller,
            "status": None,
        }
        with self._lock:
            self._calls.append(entry)
        return entry

    def all(self) -> list[dict[str, t.Any]]:
        with self._lock:
            return list(self._calls)

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
