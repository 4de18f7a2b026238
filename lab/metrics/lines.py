"""What lines of a log say in metrics: those that a filter counts, and those in the embedded metric format. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
"""

from __future__ import annotations

import json
import typing as t

MOST_VALUES = 100


class Found(t.NamedTuple):
    namespace: str
    name: str
    dimensions: dict[str, str]
    values: list[float]


def embedded(message: str) -> list[Found]:
    """The metrics of a line in the embedded format; nothing of one that breaks its rules, as CloudWatch does."""
    if '"_aws"' not in message:
        return []
    try:
        document = json.loads(message)
        directives = document["_aws"]["CloudWatchMetrics"]
        return [found for directive in directives for found in _of_directive(document, directive)]
    except (ValueError, KeyError, TypeError):
        return []


def _of_directive(document: dict[str, t.Any], directive: dict[str, t.Any]) -> t.Iterator[Found]:
    for names in directive["Dimensions"]:
        dimensions = {name: str(document[name]) for name in names}
        for metric in directive["Metrics"]:
            value = document[metric["Name"]]
            values = value if isinstance(value, list) else [value]
            if len(values) > MOST_VALUES:
                raise ValueError("more values than CloudWatch takes")
            yield Found(directive["Namespace"], metric["Name"], dimensions, [float(each) for each in values])


def amount(message: str, value: str) -> float | None:
    """What a line adds: the number that the filter names, or that one of its fields has."""
    if not value.startswith("$."):
        return float(value)
    found = field(message, value)
    try:
        return None if found is None else float(found)
    except ValueError:
        return None


def field(message: str, selector: str) -> str | None:
    try:
        found = json.loads(message)
        for step in selector.removeprefix("$.").split("."):
            found = found[step]
    except (ValueError, KeyError, TypeError):
        return None
    return None if isinstance(found, dict | list) else str(found)


__all__ = ("Found", "amount", "embedded", "field")
