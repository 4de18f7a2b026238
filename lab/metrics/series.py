"""Metrics of CloudWatch, minute by minute: what an alarm looks at, and what is read of them.

moto keeps every value that it is given and looks at none; here a series has one sum a minute, so that an alarm costs as
much after a day of requests as after one.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
"""

from __future__ import annotations

import threading
import typing as t

from lab.control import current
from lab.control.operations import backend

Dimensions = t.Mapping[str, str]
Key = tuple[str, str, str, frozenset[tuple[str, str]]]

MINUTE = 60
# Longer than any alarm here looks back.
_KEPT_MINUTES = 24 * 60


class Sums(t.NamedTuple):
    """What is left of the values of some time."""

    samples: float
    total: float
    least: float
    most: float

    def joined(self, other: Sums) -> Sums:
        return Sums(
            self.samples + other.samples,
            self.total + other.total,
            min(self.least, other.least),
            max(self.most, other.most),
        )

    def statistic(self, name: str) -> float:
        found = {
            "SampleCount": self.samples,
            "Sum": self.total,
            "Average": self.total / self.samples,
            "Minimum": self.least,
            "Maximum": self.most,
        }
        return found[name]


_series: dict[Key, dict[int, Sums]] = {}
_lock = threading.Lock()


@current.on_reset
def clear() -> None:
    with _lock:
        _series.clear()


def key_of(region: str, namespace: str, name: str, dimensions: Dimensions) -> Key:
    return region, namespace, name, frozenset(dimensions.items())


def note(region: str, namespace: str, name: str, dimensions: Dimensions, values: t.Sequence[float]) -> None:
    """Values of this moment, for alarms only; `publish` is for what a client may ask for."""
    if not values:
        return
    minute = int(current.now().timestamp()) // MINUTE
    new = Sums(len(values), sum(values), min(values), max(values))
    with _lock:
        minutes = _series.setdefault(key_of(region, namespace, name, dimensions), {})
        if minute in minutes:
            minutes[minute] = minutes[minute].joined(new)
            return
        minutes[minute] = new
        for old in [each for each in minutes if each < minute - _KEPT_MINUTES]:
            del minutes[old]


def publish(region: str, namespace: str, name: str, dimensions: Dimensions, values: t.Sequence[float]) -> None:
    """Values of this moment, as a service of AWS or a log's line reports them."""
    note(region, namespace, name, dimensions, values)
    data = [
        {
            "MetricName": name,
            "Value": value,
            "Dimensions": [{"Name": key, "Value": text} for key, text in dimensions.items()],
            # moto compares it with moments that have no zone.
            "Timestamp": current.now().replace(tzinfo=None),
        }
        for value in values
    ]
    backend("cloudwatch", region).put_metric_data(namespace, data)


def periods(key: Key, now: float, seconds: int, count: int) -> list[Sums | None]:
    """The last `count` periods that are over, the newest last; None for one without a value."""
    end = int(now) // MINUTE
    minutes = max(1, seconds // MINUTE)
    with _lock:
        known = dict(_series.get(key, {}))
    found: list[Sums | None] = []
    for number in range(count, 0, -1):
        first = end - number * minutes
        sums: Sums | None = None
        for minute in range(first, first + minutes):
            if minute in known:
                sums = known[minute] if sums is None else sums.joined(known[minute])
        found.append(sums)
    return found


__all__ = ("Dimensions", "Sums", "key_of", "note", "periods", "publish")
