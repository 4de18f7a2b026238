"""Token buckets: a token counts for a request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass


class Limit(t.NamedTuple):
    rate: float
    """Tokens that come back in a second."""
    burst: float
    """Tokens that a full bucket holds."""


@dataclass
class _Bucket:
    limit: Limit
    tokens: float
    filled_at: float

    def fill(self, limit: Limit, now: float) -> None:
        grown = self.tokens + max(0.0, now - self.filled_at) * limit.rate
        # A limit that was raised gives what it added at once; a lowered one takes at once.
        grown += max(0.0, limit.burst - self.limit.burst)
        self.tokens = min(limit.burst, grown)
        self.limit = limit
        self.filled_at = now


class Throttle:
    """The buckets of one edge. Used from one thread, the event loop's."""

    # Sums of fractions: 0.1 s at 10 tokens a second must make a whole token.
    _TOLERANCE = 1e-9

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[Hashable, _Bucket] = {}

    def admit(self, limits: Iterable[tuple[Hashable, Limit]]) -> bool:
        """Takes a token from every bucket, or from none when one of them is empty."""
        now = self._clock()
        buckets = []
        for name, limit in limits:
            bucket = self._buckets.get(name)
            if bucket is None:
                bucket = self._buckets[name] = _Bucket(limit, limit.burst, now)
            bucket.fill(limit, now)
            buckets.append(bucket)
        if any(bucket.tokens < 1.0 - self._TOLERANCE for bucket in buckets):
            return False
        for bucket in buckets:
            bucket.tokens = max(0.0, bucket.tokens - 1.0)
        return True


def limit_of(settings: t.Mapping[str, t.Any] | None) -> Limit | None:
    """A usage plan's ThrottleSettings as a limit; None where it sets none.

    A side that is missing does not limit: no rate refills at once, no burst holds a second's worth.
    """
    settings = settings or {}
    rate, burst = settings.get("rateLimit"), settings.get("burstLimit")
    if rate is not None:
        return Limit(float(rate), float(burst) if burst is not None else max(1.0, float(rate)))
    return Limit(float("inf"), float(burst)) if burst is not None else None


def limit_of_method_setting(setting: t.Mapping[str, t.Any]) -> Limit | None:
    """A stage's MethodSetting as a limit; -1 on either side is how AWS says that there is none."""
    rate, burst = setting.get("throttlingRateLimit"), setting.get("throttlingBurstLimit")
    given = {"rateLimit": rate if rate != -1 else None, "burstLimit": burst if burst != -1 else None}
    return limit_of(given)


def method_key(key: str) -> str:
    """One spelling for the ways in which AWS names a method: `/a/b/GET`, `a/b/GET`, `~1a~1b/GET`.

    Usage plans use the first, method settings the other two (`~1` is a slash in a JSON pointer).
    """
    path, _slash, http_method = key.rpartition("/")
    return f"{path.replace('~1', '/').strip('/')}/{http_method}"


T = t.TypeVar("T")


def for_method(table: t.Mapping[str, T], resource_path: str, *http_methods: str) -> T | None:
    """The entry of a table made with method_key: the first method named that has one."""
    keys = (method_key(f"{resource_path}/{http_method}") for http_method in http_methods)
    return next((table[key] for key in keys if key in table), None)
