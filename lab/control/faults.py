"""Errors on order: the next calls of an operation fail the way AWS would fail them."""

from __future__ import annotations

import threading
import typing as t
from dataclasses import asdict, dataclass

from lab.control.call import Call
from lab.control.errors import AwsError


@dataclass
class Fault:
    """`times` calls of `service`.`operation` answer with this error; `*` stands for any, times -1 for always."""

    service: str
    operation: str = "*"
    code: str = "InternalFailure"
    message: str = "A fault that was ordered."
    status: int = 500
    times: int = 1

    def hits(self, call: Call) -> bool:
        return self.times != 0 and self.service in {call.service, "*"} and self.operation in {call.operation, "*"}


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def order(self, given: dict[str, t.Any]) -> Fault:
        fault = Fault(**given)
        with self._lock:
            self._faults.append(fault)
        return fault

    def all(self) -> list[dict[str, t.Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def strike(self, call: Call) -> None:
        """Raise the error that was ordered for this call, if one was."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.hits(call)), None)
            if fault is None:
                return
            if fault.times > 0:
                fault.times -= 1
            self._faults = [left for left in self._faults if left.times != 0]
        raise AwsError(fault.code, fault.message, fault.status)
