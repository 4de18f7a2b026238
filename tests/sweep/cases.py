"""Which cases there are: every call that a clean run makes, in every way that it can fail. Pure."""

from __future__ import annotations

import fnmatch
import random
import typing as t
from collections import Counter

from lab.control.generations import is_read

# Every first try of every call at once; both are ridden out by clients, and leave nothing behind.
BLANKET_KINDS = ("throttled", "closed")
# The call is refused once; it and all later ones of its operation are refused; it is carried out and its answer is
# lost, which the client may repeat; the same, but the client never hears of it: also its repetition is refused.
SINGLE_KINDS = ("denied", "denied-on", "lost", "unheard")
KINDS = (*BLANKET_KINDS, *SINGLE_KINDS)


class Place(t.NamedTuple):
    """The n-th call of an operation in a run. Other calls in between (polls, say) do not move it."""

    service: str
    operation: str
    ordinal: int

    def __str__(self) -> str:
        return f"{self.service}.{self.operation}#{self.ordinal}"


EVERYWHERE = Place("*", "*", 0)


class Case(t.NamedTuple):
    playbook: str
    place: Place
    kind: str

    def __str__(self) -> str:
        return f"{self.playbook}:{'*' if self.place == EVERYWHERE else self.place}:{self.kind}"


def places(calls: t.Iterable[tuple[str, str]]) -> list[Place]:
    """The places of a recorded run, in its order."""
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for service, operation in calls:
        seen[service, operation] += 1
        found.append(Place(service, operation, seen[service, operation]))
    return found


def kinds_at(place: Place, ending: t.Collection[tuple[str, str]]) -> list[str]:
    """The ways in which a call can fail that differ in what they leave.

    Losing the answer of a read is the same as closing before it. Refusing an operation from here on differs from
    refusing it once where a failed run calls it again on its way out (`ending`: the operations of that way).
    """
    kinds = ["denied"]
    if (place.service, place.operation) in ending:
        kinds.append("denied-on")
    if not is_read(place.operation):
        kinds += ["lost", "unheard"]
    return kinds


def cases_of(playbook: str, found: t.Sequence[Place], ending: t.Collection[tuple[str, str]]) -> list[Case]:
    blanket = [Case(playbook, EVERYWHERE, kind) for kind in BLANKET_KINDS]
    return blanket + [Case(playbook, place, kind) for place in found for kind in kinds_at(place, ending)]


def shard(cases: t.Sequence[Case], index: int, count: int) -> list[Case]:
    """Every count-th case, so that shards take about as long as each other."""
    if not 1 <= index <= count:
        raise ValueError(f"shard {index}/{count}: it takes 1/{count} to {count}/{count}")
    return list(cases[index - 1 :: count])


def select(cases: t.Iterable[Case], patterns: t.Sequence[str]) -> list[Case]:
    """The cases whose name fits one of the shell patterns; all of them without any."""
    return [case for case in cases if not patterns or any(fnmatch.fnmatchcase(str(case), each) for each in patterns)]


class Draw(t.NamedTuple):
    """A fault of the sample: at the n-th client call of all, whatever it is by then."""

    ordinal: int
    kind: str


def draws(seed: int, count: int, calls: int) -> list[Draw]:
    """`count` faults in ascending order: each run of the sample comes as far as the next one.

    They are of the kinds that end a run, which keeps the sample short; `unheard` leaves what `lost` leaves.
    """
    chosen = random.Random(seed)
    step = calls // count
    return [
        Draw(chosen.randint(1 + index * step, (index + 1) * step), chosen.choice(("denied", "unheard")))
        for index in range(count)
    ]
