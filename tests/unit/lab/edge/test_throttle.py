from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.edge.throttle import Limit, Throttle, for_method, limit_of, limit_of_method_setting, method_key


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_full_bucket_gives_its_burst_and_then_its_rate() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    limit = [("key", Limit(0.5, 3))]
    assert [throttle.admit(limit) for _ in range(4)] == [True, True, True, False]
    clock.now += 1.9
    assert not throttle.admit(limit)
    clock.now += 0.1
    assert throttle.admit(limit)
    assert not throttle.admit(limit)


def test_a_refused_request_takes_no_token_from_any_bucket() -> None:
    throttle = Throttle(Clock())
    shared, own = ("stage", Limit(1, 2)), ("key", Limit(1, 1))
    assert throttle.admit([shared, own])
    assert not throttle.admit([shared, own])
    assert throttle.admit([shared])


def test_a_changed_limit_is_in_force_at_once() -> None:
    throttle = Throttle(Clock())
    assert throttle.admit([("key", Limit(1, 1))])
    assert not throttle.admit([("key", Limit(1, 1))])
    assert [throttle.admit([("key", Limit(1, 3))]) for _ in range(3)] == [True, True, False]
    assert throttle.admit([("other", Limit(1, 100))])
    assert [throttle.admit([("other", Limit(1, 1))]) for _ in range(2)] == [True, False]


@given(
    rate=st.floats(0.01, 50),
    burst=st.integers(1, 20),
    gaps=st.lists(st.floats(0, 3, allow_subnormal=False), max_size=60),
)
def test_never_more_than_the_burst_and_what_flowed_in(rate: float, burst: int, gaps: list[float]) -> None:
    clock = Clock()
    throttle = Throttle(clock)
    admitted = 0
    for gap in gaps:
        clock.now += gap
        admitted += throttle.admit([("key", Limit(rate, burst))])
    assert admitted <= burst + rate * sum(gaps) + 1e-6
    assert admitted >= min(len(gaps), burst)


@given(rate=st.integers(1, 50), count=st.integers(1, 60))
def test_a_client_that_keeps_to_the_rate_is_never_refused(rate: int, count: int) -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(count):
        assert throttle.admit([("key", Limit(rate, 1))])
        clock.now += 1 / rate


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        (None, None),
        ({}, None),
        ({"rateLimit": 0.25, "burstLimit": 2}, Limit(0.25, 2)),
        ({"burstLimit": 2}, Limit(float("inf"), 2)),
        ({"rateLimit": 5.0}, Limit(5, 5)),
    ],
)
def test_limits_of_a_plan(settings: dict[str, float] | None, limit: Limit | None) -> None:
    assert limit_of(settings) == limit


def test_minus_one_lifts_a_method_setting() -> None:
    assert limit_of_method_setting({"throttlingRateLimit": -1, "throttlingBurstLimit": -1}) is None
    assert limit_of_method_setting({"throttlingRateLimit": 2.5, "throttlingBurstLimit": 5}) == Limit(2.5, 5)


@pytest.mark.parametrize("key", ["/v1/chat/POST", "v1/chat/POST", "~1v1~1chat/POST"])
def test_all_spellings_of_a_method_are_one(key: str) -> None:
    assert for_method({method_key(key): "found"}, "/v1/chat", "POST") == "found"
    assert for_method({method_key(key): "found"}, "/v1/chat", "GET") is None
