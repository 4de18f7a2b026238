from __future__ import annotations

from datetime import datetime

import pytest
from ansible_collections.central.llm.plugins.module_utils._scheduler.expressions import wrong_with
from hypothesis import given
from hypothesis import strategies as st


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))
def test_every_moment_is_taken(moment: datetime) -> None:
    assert wrong_with(f"at({moment:%Y-%m-%dT%H:%M:%S})") is None


@given(st.integers(1, 10_000), st.sampled_from(["minute", "hour", "day"]))
def test_a_unit_has_an_s_unless_it_is_one(value: int, unit: str) -> None:
    right, wrong = (unit, f"{unit}s") if value == 1 else (f"{unit}s", unit)
    assert wrong_with(f"rate({value} {right})") is None
    assert wrong_with(f"rate({value} {wrong})")


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "tomorrow",
        "at(2030-02-30T00:00:00)",
        "at(2030-01-01)",
        "rate(0 minutes)",
        "rate(5 weeks)",
        "cron(0 12 * * *)",
    ],
)
def test_what_aws_refuses(expression: str) -> None:
    assert wrong_with(expression)


def test_a_cron_expression_has_six_fields() -> None:
    assert wrong_with("cron(0 12 * * ? *)") is None
