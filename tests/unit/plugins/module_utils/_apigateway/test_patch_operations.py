"""Pointers and values of patch operations."""

from __future__ import annotations

import pytest
from ansible_collections.central.llm.plugins.module_utils._apigateway import patch
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"),
        (False, "false"),
        (5000, "5000"),
        (5.0, "5"),
        (0.5, "0.5"),
        (100.0, "100"),
        (1e-7, "0.0000001"),
        (1e16, "10000000000000000"),
        ("DAY", "DAY"),
        ("", ""),
    ],
)
def test_values_are_strings_without_exponent(value: object, written: str) -> None:
    assert patch.wire(value) == written  # type: ignore[arg-type]


@given(st.floats(min_value=0, allow_infinity=False))
def test_a_written_number_reads_as_the_same_number(value: float) -> None:
    written = patch.wire(value)
    assert float(written) == value
    assert "e" not in written.lower()


@given(st.lists(st.text(alphabet="/~ab{}:", min_size=1), min_size=1, max_size=4))
def test_a_pointer_keeps_its_parts_apart(parts: list[str]) -> None:
    read = [part.replace("~1", "/").replace("~0", "~") for part in patch.pointer(*parts).split("/")[1:]]
    assert read == parts


def test_slashes_are_escaped() -> None:
    assert patch.pointer("throttle", "/v1/models", "GET") == "/throttle/~1v1~1models/GET"


def test_replacements_follow_the_changes_only() -> None:
    members = {"name": "name", "customer_id": "customerId"}
    assert patch.replacements({"customer_id": "abc", "tags": {}}, members) == [
        {"op": "replace", "path": "/customerId", "value": "abc"}
    ]
    assert patch.replacements({}, members) == []
