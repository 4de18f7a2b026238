"""Which cases there are: every way that a call can fail, tried at every call that a playbook makes. Pure."""

from __future__ import annotations

import random
import typing as t

# Every first try of every call at once: clients ride it out, or nearly all of it, so that few runs strike all calls.
BLANKET_KINDS = ("throttled", "closed", "lost")
# The call is refused once; it and all later ones of its operation are refused; it is carried out, but its answer is
# lost and its repetition refused, so that the client never hears of it. Each ends a run.
SINGLE_KINDS = ("denied", "denied-on", "unheard")
KINDS = (*SINGLE_KINDS, *BLANKET_KINDS)
PLAYBOOKS = ("up", "down")


class Chain(t.NamedTuple):
    """Runs of a playbook one after the other, each struck at a call where none of them was struck before.

    Of several parts each strikes its own share of the calls, so that labs work side by side.
    """

    playbook: str
    kind: str
    part: int = 1
    parts: int = 1

    def __str__(self) -> str:
        return f"{self.playbook}:{self.kind}" + (f" ({self.part}/{self.parts})" if self.parts > 1 else "")

    def case(self, call: str) -> str:
        """The name of the case that strikes this call."""
        return f"{self.playbook}:{self.kind}:{call}"


def chains(parts: int, playbooks: t.Sequence[str] = PLAYBOOKS, kinds: t.Sequence[str] = KINDS) -> list[Chain]:
    """All of them, the longest first."""
    return [
        Chain(playbook, kind, part, 1 if kind in BLANKET_KINDS else parts)
        for kind in KINDS
        if kind in kinds
        for playbook in playbooks
        for part in range(1, parts + 1)
        if kind not in BLANKET_KINDS or part == 1
    ]


def shard(found: t.Sequence[Chain], index: int, count: int) -> list[Chain]:
    """The index-th of count shares, of which each has its own parts of every chain."""
    if not 1 <= index <= count:
        raise ValueError(f"shard {index}/{count}: it takes 1/{count} to {count}/{count}")
    return [chain for chain in found if (chain.part - 1) % count == index - 1]


class Draw(t.NamedTuple):
    """A fault of the sample: at the n-th client call of all, whatever it is by then."""

    ordinal: int
    kind: str


def draws(seed: int, count: int, calls: int) -> list[Draw]:
    """`count` faults in ascending order: each run of the sample comes as far as the next one.

    They are of the kinds that end a run, which keeps the sample short.
    """
    chosen = random.Random(seed)
    step = calls // count
    return [
        Draw(chosen.randint(1 + index * step, (index + 1) * step), chosen.choice(("denied", "unheard")))
        for index in range(count)
    ]
