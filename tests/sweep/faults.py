"""The faults of a case, as the lab takes them. Pure."""

from __future__ import annotations

import typing as t

from .cases import BLANKET_KINDS, Chain, Draw

Order = dict[str, t.Any]

# Every other call of an operation is the repetition of the one before. `Throttling` is a code that the retries of every
# client know.
_BLANKETS: dict[str, Order] = {
    "throttled": {"kind": "error", "code": "Throttling", "status": 400, "message": "Rate exceeded"},
    "closed": {"kind": "closed"},
    "lost": {"kind": "lost", "writes": True},
}


def order(chain: Chain, spare: t.Collection[str] = (), ending: t.Collection[str] = (), operation: str = "") -> Order:
    """What to order of the lab for the chain's next run: strike once, at none of the calls that were struck before.

    `ending` are the operations of a failed run's way out: to refuse one of these from here on differs from refusing it
    once. `operation` (`service.operation`) is the only one to strike, where somebody asks for that.
    """
    where: Order = {"service": "*", "caller": "client"}
    if chain.kind in BLANKET_KINDS:
        return {**where, "times": -1, "every": 2, **_BLANKETS[chain.kind]}
    where |= {"spare": sorted(spare), "part": [chain.part, chain.parts], "among": [operation] if operation else []}
    if chain.kind == "denied-on":
        return {**where, "kind": "denied", "holds": True, "among": where["among"] or sorted(ending)}
    # The answer of a read that is lost leaves what a read leaves that was never made.
    return {**where, "kind": chain.kind, "writes": chain.kind == "unheard"}


def order_of_draw(draw: Draw) -> Order:
    return {"service": "*", "caller": "client", "skip": draw.ordinal - 1, "kind": draw.kind}
