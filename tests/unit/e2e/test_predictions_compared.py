from __future__ import annotations

import typing as t

import pytest

from tests.e2e.predictions import mistakes


def document(*tasks: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"plays": [{"tasks": [{"task": {"name": "Converge"}, "hosts": {"localhost": task}} for task in tasks]}]}


def change(before: dict[str, t.Any], after: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"changed": True, "diff": {"before": before, "after": after}}


SAME = {"changed": False}
SKIPPED = {"changed": False, "skipped": True}


@pytest.mark.parametrize(
    ("foretold", "done"),
    [
        ([SAME], [SAME]),
        ([change({"a": 1}, {"a": 2})], [change({"a": 1}, {"a": 2})]),
        # What earlier tasks of the run changed is no mistake of this one.
        ([change({"a": 1, "b": 1}, {"a": 2, "b": 1})], [change({"a": 1, "b": 5}, {"a": 2, "b": 5})]),
        ([change({}, {"link": "made-by-this-run"})], [change({}, {"link": "l-1", "arn": "arn"})]),
        ([change({"a": 1, "id": "i-1"}, {"a": 2})], [change({"a": 1, "id": "i-1"}, {"a": 2, "id": "i-2"})]),
        ([change({"task": "x:1"}, {"task": "x:2"})], [change({"task": "arn/x:1"}, {"task": "arn/x:2"})]),
        # A lease is counted from when each run asks.
        ([change({}, {"at": "at(2026-11-25T18:04:00)"})], [change({}, {"at": "at(2026-11-25T18:05:00)"})]),
        # A prediction by another task of the same name.
        ([SKIPPED, change({}, {})], [change({}, {}), SKIPPED]),
    ],
)
def test_no_mistake(foretold: list[dict[str, t.Any]], done: list[dict[str, t.Any]]) -> None:
    assert mistakes(document(*foretold), document(*done)) == []


@pytest.mark.parametrize(
    ("foretold", "done"),
    [
        ([SAME], [change({"a": 1}, {"a": 2})]),
        ([change({"a": 1}, {"a": 2})], [SAME]),
        ([SKIPPED], [change({}, {"a": 1})]),
        ([change({"a": 1}, {"a": 2})], [change({"a": 1}, {"a": 3})]),
        ([change({"a": 1, "b": 1}, {"a": 2, "b": 1})], [change({"a": 1, "b": 1}, {"a": 2, "b": 2})]),
        ([change({}, {"a": 2})], [change({}, {"a": 3})]),
        ([change({"a": 1}, {"a": ""})], [change({"a": 1}, {"a": 2})]),
    ],
)
def test_a_mistake(foretold: list[dict[str, t.Any]], done: list[dict[str, t.Any]]) -> None:
    assert mistakes(document(*foretold), document(*done)) != []
