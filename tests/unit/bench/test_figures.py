from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.bench.figures import Figure, median, quantile, ratio, table

SECONDS = st.lists(st.floats(min_value=0.01, max_value=1000), min_size=1, max_size=9)


@given(SECONDS, st.floats(min_value=0.1, max_value=10))
def test_the_ratio_to_a_multiple_is_the_factor(theirs: list[float], factor: float) -> None:
    found = ratio([each * factor for each in theirs], theirs)
    assert found is not None and abs(found - factor) < 1e-6


def test_a_slow_round_moves_nothing_that_is_taken_within_it() -> None:
    assert ratio([1, 10, 1], [2, 20, 2]) == 0.5
    assert median([1, 2, 100]) == 2


def test_a_peer_that_is_missing_is_said_to_be() -> None:
    figure = Figure("noop_ratio_cli", ratio([1.0], []), "", 0.5, "the AWS CLI is not installed")
    assert figure.line == "noop_ratio_cli=missing"
    assert "the AWS CLI is not installed" in table([figure])


def test_what_misses_its_limit_is_marked() -> None:
    assert "MISSED" in table([Figure("warm_task_ms", 71, "ms", 70)])
    assert "| ok |" in table([Figure("warm_task_ms", 70, "ms", 70)])
    assert Figure("warm_task_ms", 70, "ms").line == "warm_task_ms=70.000"


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_a_value_that_the_share_does_not_exceed(values: list[float], share: float) -> None:
    found = quantile(sorted(values), share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) <= share * len(values)
