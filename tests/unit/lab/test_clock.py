from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.clock import Clock, Ticking


class Noting(Ticking):
    def __init__(self, clock: Clock, period: float, seen: list[tuple[float, float]]) -> None:
        super().__init__(clock, period)
        self._seen = seen

    def tick(self, now: float) -> None:
        self._seen.append((self._period, now))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(30, 600), min_size=1, max_size=4), st.integers(0, 7200))
def test_everything_happens_once_in_its_order_at_its_moment(periods: list[int], seconds: int) -> None:
    clock = Clock()
    seen: list[tuple[float, float]] = []
    started = clock.now()
    for period in periods:
        clock.follow(Noting(clock, period, seen))
    clock.advance(seconds)
    moments = [moment for _period, moment in seen]
    assert moments == sorted(moments)
    # The clock of the machine goes on meanwhile.
    slack = clock.now() - started - seconds
    for period in set(periods):
        times = [moment for each, moment in seen if each == period]
        count = periods.count(period)
        assert seconds // period * count <= len(times) <= (seconds + slack) // period * count
        assert all(
            abs((moment - started) % period) < 1 or abs((moment - started) % period - period) < 1 for moment in times
        )


def test_it_goes_back_and_forgets_what_was_due() -> None:
    clock = Clock()
    seen: list[tuple[float, float]] = []
    clock.follow(Noting(clock, 60, seen))
    clock.advance(3600)
    assert clock.now() - time.time() > 3000
    clock.reset()
    assert abs(clock.now() - time.time()) < 60
    seen.clear()
    clock.advance(61)
    assert len(seen) == 1
