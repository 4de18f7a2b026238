"""Faults on order: chosen calls are refused, never answered, or carried out without an answer."""

from __future__ import annotations

import threading
import typing as t
from collections import Counter
from dataclasses import dataclass, field

from lab.control import authorization
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.generations import is_read
from lab.control.likeness import Seen, alike, part_of

KINDS = ("error", "denied", "closed", "lost", "unheard")
CALLERS = ("*", "client", "function", "lab")
_DENIED_CALLER = "arn:aws:iam::123456789012:user/operator"


class ConnectionDropped(Exception):
    """The caller gets no answer: its connection is closed."""


@dataclass
class Fault:
    """What happens to `times` calls of `service`.`operation`, after `skip` of them went through, to every `every`-th.

    Of each operation the first is struck, and then every `every`-th of it: others in between do not move that. `*`
    stands for any service, operation or caller, times -1 for always; `among` names the only operations that it is
    about, as `service.operation`, and `writes` leaves reads alone. The kinds: `error` answers with the code, `denied`
    as the service does where a policy lacks the action, nothing is done; `closed` closes the connection, nothing is
    done; `lost` does what was asked, and closes the connection in the place of the answer; `unheard` does that, and
    refuses the client's repetition. The caller `lab` is a data plane, `function` one that runs in the lab, `client`
    everybody else.

    `spare` names single calls that it lets through, as `GET /_lab/calls` names what was struck: so a run can be
    struck where no run was before. `part` [i, n] leaves what is not in the i-th of n parts of all names to others.
    With `holds` it strikes every later call of the operation that it has struck, until it is forgotten.
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
    among: list[str] = field(default_factory=list)
    writes: bool = False
    spare: list[str] = field(default_factory=list)
    part: list[int] = field(default_factory=lambda: [1, 1])
    holds: bool = False
    struck: int = 0
    _passed: Counter[tuple[str, str]] = field(default_factory=Counter, init=False, repr=False)
    _seen: Seen = field(default_factory=Seen, init=False, repr=False)
    _unheard: str = field(default="", init=False, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise TypeError(f"kind is {self.kind!r}; there are {', '.join(KINDS)}")
        if self.caller not in CALLERS:
            raise TypeError(f"caller is {self.caller!r}; there are {', '.join(CALLERS)}")

    @property
    def spent(self) -> bool:
        return self.times == 0 and not self._unheard

    def told(self) -> dict[str, t.Any]:
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def hits(self, call: Call) -> bool:
        """Whether this fault is about this call, which may be one of those that it lets through."""
        return (
            self.service in {call.service, "*"}
            and self.operation in {call.operation, "*"}
            and self.caller in {"*", call.caller}
            and (not self.among or f"{call.service}.{call.operation}" in self.among)
            and not (self.writes and is_read(call.operation))
        )

    def strike(self, call: Call) -> Strike | None:
        """Count a call that it hits; what happens to it when its turn has come."""
        name = self._seen.name(call)
        if self._unheard == alike(name):
            self._unheard = ""
            return Strike("denied", name)
        if self.times == 0 or not self._turn(call, name):
            return None
        self.times -= 1 if self.times > 0 else 0
        self.struck += 1
        if self.holds:
            self.service, self.operation, self.times = call.service, call.operation, -1
            self.spare, self.part = [], [1, 1]
        if self.kind == "unheard":
            self._unheard = alike(name)
            return Strike("lost", name)
        return Strike(self.kind, name, AwsError(self.code, self.message, self.status))

    def _turn(self, call: Call, name: str) -> bool:
        if self.skip > 0:
            self.skip -= 1
            return False
        if name in self.spare or part_of(name, self.part[1]) != self.part[0]:
            return False
        before = self._passed[call.service, call.operation]
        self._passed[call.service, call.operation] += 1
        return before % self.every == 0


class Strike(t.NamedTuple):
    """What happens to one call."""

    kind: str
    name: str
    error: AwsError | None = None

    def told(self, call: Call) -> dict[str, str]:
        return {"kind": self.kind, "name": self.name, "action": authorization.needed(call)[0]}

    def carry_out(self, call: Call) -> bool:
        """Refuse the call, or drop it; true when it is to be carried out without an answer."""
        if self.kind == "closed":
            raise ConnectionDropped
        if self.kind == "denied":
            raise authorization.denial(call, _DENIED_CALLER, *authorization.needed(call))
        if self.kind == "error" and self.error:
            raise self.error
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

    def strike(self, call: Call) -> Strike | None:
        """What was ordered for this call.

        Each fault counts the calls by itself; of several that strike at once, the first ordered one counts.
        """
        with self._lock:
            strikes = (fault.strike(call) for fault in self._faults if fault.hits(call))
            striking = next(filter(None, strikes), None)
            self._faults = [left for left in self._faults if not left.spent]
        return striking
