"""What the races came to: medians, ratios taken round by round, and how they are shown. Pure."""

from __future__ import annotations

import math
import statistics
import typing as t
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A number with a name, what it is measured in, and what it shall not exceed."""

    name: str
    value: float | None
    unit: str
    limit: float | None = None
    # Why there is no value.
    missing: str = ""

    @property
    def line(self) -> str:
        return f"{self.name}={'missing' if self.value is None else f'{self.value:.3f}'}"


def median(values: t.Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def quantile(ordered: t.Sequence[float], share: float) -> float:
    """The value that this share of the ordered ones does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def ratio(ours: t.Sequence[float], theirs: t.Sequence[float]) -> float | None:
    """The median of the rounds' own ratios: a machine that slows down meanwhile slows both of a round."""
    rounds = [our / their for our, their in zip(ours, theirs, strict=False) if their]
    return median(rounds)


def table(figures: t.Iterable[Figure]) -> str:
    """In Markdown."""
    rows = ["| figure | value | at most | |", "| --- | ---: | ---: | --- |"]
    for each in figures:
        value = each.missing or "missing" if each.value is None else f"{each.value:.3f} {each.unit}".strip()
        limit = "" if each.limit is None else f"{each.limit:g}"
        verdict = "" if each.value is None or each.limit is None else "ok" if each.value <= each.limit else "MISSED"
        rows.append(f"| `{each.name}` | {value} | {limit} | {verdict} |")
    return "\n".join(rows)
