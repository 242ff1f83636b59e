"""Chance, seeded: the same seed and place give the same draws on every machine."""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from connectors.sample.names import Weighted

Item = TypeVar("Item")


class Dice:
    """Draws from `random.random` alone, whose sequence Python promises to keep."""

    def __init__(self, *seed: object) -> None:
        self._next = random.Random("/".join(str(part) for part in seed)).random  # noqa: S311

    def share(self) -> float:
        return self._next()

    def chance(self, probability: float) -> bool:
        return self._next() < probability

    def pick(self, items: Sequence[Item]) -> Item:
        return items[int(self._next() * len(items))]

    def name(self, names: Weighted) -> str:
        return names.items[min(bisect_left(names.cumulative, self._next()), len(names.items) - 1)]

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both possible."""
        return low + int(self._next() * (high - low + 1))

    def lognormal(self, median: float, sigma: float) -> float:
        radius = math.sqrt(-2.0 * math.log(1.0 - self._next()))
        return median * math.exp(sigma * radius * math.cos(2.0 * math.pi * self._next()))

    def count(self, mean: float, most: int) -> int:
        """A geometric number with this mean, cut at `most`."""
        if mean <= 0:
            return 0
        drawn = int(math.log(1.0 - self._next()) / math.log(mean / (1.0 + mean)))
        return min(drawn, most)

    def moment(self, first: datetime, last: datetime) -> datetime:
        """A second between two moments."""
        seconds = (last - first).total_seconds()
        return first + timedelta(seconds=int(self._next() * max(seconds, 0.0)))

    def at_work(self, day: datetime) -> datetime:
        """A second of that day between 8:00 and 18:00."""
        return day.replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(seconds=int(self._next() * 36_000))

    def digits(self, pattern: str) -> str:
        """The pattern with a digit for each `#`."""
        return "".join(str(int(self._next() * 10)) if character == "#" else character for character in pattern)
