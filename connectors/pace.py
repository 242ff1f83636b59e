"""How fast a source may be asked: a budget of requests, and the vendor's own word in its headers."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

import httpx


class Budget:
    """So many requests in so many seconds, whoever asks: those beyond it wait their turn, first come, first served.

    `clock` (seconds that only grow) is for tests.
    """

    def __init__(self, requests: int, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        if requests < 1 or seconds <= 0:
            raise ValueError(f"a budget of {requests} requests in {seconds} seconds lets nobody ask")
        self._requests = requests
        self._seconds = seconds
        self._clock = clock
        self._turns: deque[float] = deque(maxlen=requests)

    async def turn(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Wait until one more request is within the budget; the turn is taken at once, so that nobody else gets it."""
        now = self._clock()
        full = len(self._turns) == self._requests
        at = max(now, self._turns[0] + self._seconds) if full else now
        self._turns.append(at)
        if at > now:
            await sleep(at - now)


def left_of_headers(headers: httpx.Headers) -> float | None:
    """Seconds to wait when `RateLimit-Remaining` (or `X-RateLimit-Remaining`, `X-Rate-Limit-Remaining`) is 0.

    How long is what `RateLimit-Reset` says in seconds (draft-ietf-httpapi-ratelimit-headers), or 1 where it says
    nothing; None while something is left. A number too large to be seconds is taken as a moment of Unix time.
    """
    for prefix in ("ratelimit-", "x-ratelimit-", "x-rate-limit-"):
        left = headers.get(f"{prefix}remaining")
        if left is None:
            continue
        try:
            if float(left) > 0:
                return None
            reset = float(headers.get(f"{prefix}reset", 1))
        except ValueError:
            continue
        return max(0.0, reset - time.time() if reset > 1e9 else reset)
    return None
