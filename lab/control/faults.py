"""Faults on order: chosen calls are refused, never answered, or carried out without an answer."""

from __future__ import annotations

import threading
import typing as t
from collections import Counter
from dataclasses import dataclass, field

from lab.control.call import Call
from lab.control.errors import AwsError

KINDS = ("error", "closed", "lost")
CALLERS = ("*", "client", "function", "lab")


class ConnectionDropped(Exception):
    """The caller gets no answer: its connection is closed."""


@dataclass
class Fault:
    """What happens to `times` calls of `service`.`operation`, after `skip` of them went through, to every `every`-th.

    Of each operation the first is struck, and then every `every`-th of it: others in between do not move that. `*`
    stands for any service, operation or caller, times -1 for always. The kinds: `error` answers with the code,
    nothing is done; `closed` closes the connection, nothing is done; `lost` does what was asked, and closes the
    connection in the place of the answer. The caller `lab` is a data plane, `function` one that
    runs in the lab, `client` everybody else.
    """

    service: str
    operation: str = "*"
    code: str = "InternalFailure"
    message: str = "A fault that was ordered."
    status: int = 500
    times: int = 1
    kind: str = "error"
    skip: int = 0
    every: int = 1
    caller: str = "*"
    struck: int = 0
    _passed: Counter[tuple[str, str]] = field(default_factory=Counter, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise TypeError(f"kind is {self.kind!r}; there are {', '.join(KINDS)}")
        if self.caller not in CALLERS:
            raise TypeError(f"caller is {self.caller!r}; there are {', '.join(CALLERS)}")

    @property
    def spent(self) -> bool:
        return self.times == 0

    def told(self) -> dict[str, t.Any]:
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def hits(self, call: Call) -> bool:
        """Whether this fault is about this call, which may be one of those that it lets through."""
        return (
            not self.spent
            and self.service in {call.service, "*"}
            and self.operation in {call.operation, "*"}
            and self.caller in {"*", call.caller}
        )

    def strikes(self, call: Call) -> bool:
        """Count a call that it hits; true when its turn has come."""
        if self.skip > 0:
            self.skip -= 1
            return False
        before = self._passed[call.service, call.operation]
        self._passed[call.service, call.operation] += 1
        if before % self.every:
            return False
        self.times -= 1 if self.times > 0 else 0
        self.struck += 1
        return True


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
        """Those that can still strike."""
        with self._lock:
            return [fault.told() for fault in self._faults]

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def strike(self, call: Call) -> bool:
        """Do to this call what was ordered; true when it is to be carried out without an answer.

        Each fault counts the calls by itself; of several that strike at once, the first ordered one counts.
        """
        with self._lock:
            striking = next((fault for fault in self._faults if fault.hits(call) and fault.strikes(call)), None)
            self._faults = [left for left in self._faults if not left.spent]
        if striking is None:
            return False
        if striking.kind == "closed":
            raise ConnectionDropped
        if striking.kind == "error":
            raise AwsError(striking.code, striking.message, striking.status)
        return True
