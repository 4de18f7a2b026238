from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.edge.usage import UsageStore, window_start

DAYS = st.dates(date(2024, 1, 1), date(2032, 12, 31))


@pytest.mark.parametrize(
    ("period", "offset", "day", "first"),
    [
        ("DAY", 0, date(2026, 11, 23), date(2026, 11, 23)),
        ("WEEK", 0, date(2026, 11, 23), date(2026, 11, 22)),  # a Monday; the Sunday before
        ("WEEK", 1, date(2026, 11, 23), date(2026, 11, 23)),
        ("WEEK", 2, date(2026, 11, 23), date(2026, 11, 17)),
        ("MONTH", 0, date(2026, 11, 23), date(2026, 11, 1)),
        ("MONTH", 27, date(2027, 3, 1), date(2027, 2, 28)),
        ("MONTH", 14, date(2027, 1, 3), date(2026, 12, 15)),
    ],
)
def test_where_a_period_starts(period: str, offset: int, day: date, first: date) -> None:
    assert window_start(period, offset, day) == first


@given(DAYS, st.integers(0, 6))
def test_a_week_starts_on_its_weekday(day: date, offset: int) -> None:
    first = window_start("WEEK", offset, day)
    assert first <= day < first + timedelta(days=7)
    assert first.isoweekday() % 7 == offset


@given(DAYS, st.integers(0, 27))
def test_a_month_starts_on_its_day(day: date, offset: int) -> None:
    first = window_start("MONTH", offset, day)
    assert first <= day
    assert first.day == offset + 1
    assert (day - first).days < 31


@given(
    st.sampled_from([("DAY", 0), ("WEEK", 3), ("MONTH", 10)]),
    st.integers(0, 8),
    st.lists(st.integers(0, 40), max_size=60),
)
def test_no_period_ever_counts_more_than_its_limit(period: tuple[str, int], limit: int, moves: list[int]) -> None:
    store, start = UsageStore(), date(2026, 1, 1)
    quota = {"limit": limit, "period": period[0], "offset": period[1]}
    served: dict[date, int] = {}
    for move in sorted(moves):
        day = start + timedelta(days=move)
        window = window_start(*period, day)
        admitted = store.consume("plan", "key", quota, day)
        assert admitted == (served.get(window, 0) < limit)
        served[window] = served.get(window, 0) + admitted


def test_read_answers_what_get_usage_shows() -> None:
    store, monday = UsageStore(), date(2026, 11, 23)
    quota = {"limit": 3, "period": "WEEK", "offset": 1}
    outcomes = [store.consume("plan", "key", quota, monday + timedelta(days=day)) for day in (0, 0, 1, 2, 7)]
    assert outcomes == [True, True, True, False, True]
    store.consume("other", "key", None, monday)
    assert store.read("plan", quota, monday, monday + timedelta(days=7)) == {
        "key": [[2, 1], [1, 0], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0], [1, 2]]
    }
    assert store.read("plan", quota, monday, monday, key_id="another") == {}


def test_a_raised_limit_holds_at_once() -> None:
    store, day = UsageStore(), date(2026, 11, 23)
    small, large = {"limit": 1, "period": "DAY"}, {"limit": 2, "period": "DAY"}
    assert [store.consume("plan", "key", quota, day) for quota in (small, small, large, large)] == [
        True,
        False,
        True,
        False,
    ]
