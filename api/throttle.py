"""How often and how much a viewer may ask: operations a minute, and points that fill up again.

Counted in this process alone: several processes of one API allow as many times more.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from api.limits import Limits
from api.plan.errors import coded

MOST_BUCKETS = 10_000


class TooMuch(Exception):
    """The viewer has to wait; `seconds` says how long."""

    def __init__(self, code: str, message: str, seconds: float, **extensions: Any) -> None:
        super().__init__(message)
        self.seconds = max(1, math.ceil(seconds))
        self.error = coded(code, f"{message} Try again in {self.seconds} s.", retryAfter=self.seconds, **extensions)


@dataclass(slots=True)
class _Bucket:
    available: float
    at: float


class Throttle:
    """What each viewer has used lately."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rates = MovingWindowRateLimiter(MemoryStorage())
        self._buckets: dict[str, _Bucket] = {}

    def count(self, viewer: str, limits: Limits) -> None:
        """One more operation of this viewer; raises TooMuch when the last minute is full."""
        if limits.rate is None:
            return
        rate = RateLimitItemPerMinute(limits.rate)
        if not self._rates.hit(rate, viewer):
            seconds = self._rates.get_window_stats(rate, viewer).reset_time - time.time()
            raise TooMuch("RATE_LIMITED", f"At most {limits.rate:,} operations a minute are allowed.", seconds)

    def take(self, viewer: str, limits: Limits, cost: int) -> dict[str, Any] | None:
        """Take what an operation costs from the viewer's points; what `extensions.cost` then tells.

        Raises TooMuch when there are not enough left just now.
        """
        if limits.points is None:
            return None if limits.cost is None else {"requested": cost}
        now, restore = self._clock(), limits.restored_a_second
        bucket = self._buckets.get(viewer)
        if bucket is None:
            self._forget_full(now, limits)
            bucket = self._buckets[viewer] = _Bucket(limits.points, now)
        bucket.available = min(limits.points, bucket.available + (now - bucket.at) * restore)
        bucket.at = now
        enough = cost <= bucket.available
        if enough:
            bucket.available -= cost
        told = {
            "requested": cost,
            "throttleStatus": {
                "maximumAvailable": limits.points,
                "currentlyAvailable": math.floor(bucket.available),
                "restoreRate": restore,
            },
        }
        if not enough:
            missing = (cost - bucket.available) / restore
            raise TooMuch("THROTTLED", f"This costs {cost:,} points, and fewer are left.", missing, cost=told)
        return told

    def _forget_full(self, now: float, limits: Limits) -> None:
        """Whoever has not asked for a while has all points again, as one who never did."""
        if len(self._buckets) >= MOST_BUCKETS:
            idle = limits.points / limits.restored_a_second if limits.points else 0
            self._buckets = {name: bucket for name, bucket in self._buckets.items() if now - bucket.at < idle}
