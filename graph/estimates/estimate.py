"""What an estimate is: a value, what it rests on, its interval and how that was made; or a refusal that says why."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import scipy

from connectors.errors import C360Error

LEVEL = 0.95
"""The share of intervals that hold what they are about, unless another is asked for."""


class EstimateError(C360Error):
    """Something that cannot be estimated from these numbers; the message says what, why and what to do."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure in its own unit, with a two-sided interval of `level` around it: low <= value <= high.

    `low` or `high` is None where the sample is too small to say anything on that side.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    method: str
    level: float = LEVEL


def difference(first: Estimate, second: Estimate) -> Estimate:
    """first − second, of two independent samples, with an interval made of their own two.

    Low is d − √((v₁ − l₁)² + (u₂ − v₂)²), high d + √((u₁ − v₁)² + (v₂ − l₂)²). Of two proportions with Wilson
    intervals this is Newcombe's hybrid score interval (Newcombe 1998, method 10); of any two estimates MOVER (Zou and
    Donner 2008). `n` is that of both together.

    EstimateError: the two intervals are of different levels.
    """
    if first.level != second.level:
        raise EstimateError(
            f"A difference cannot be given between an interval of {first.level:.0%} and one of {second.level:.0%}. "
            "Estimate both at the same level."
        )
    value = first.value - second.value
    low = high = None
    if first.low is not None and second.high is not None:
        low = value - sqrt((first.value - first.low) ** 2 + (second.high - second.value) ** 2)
    if first.high is not None and second.low is not None:
        high = value + sqrt((first.high - first.value) ** 2 + (second.value - second.low) ** 2)
    return Estimate(value, low, high, first.n + second.n, f"MOVER of {first.method}", first.level)


def normal_width(level: float) -> float:
    """How many standard errors an interval of this level reaches to either side: 1.96 at 0.95.

    EstimateError: the level is not between 0 and 1.
    """
    return float(scipy.special.ndtri((1 + _checked(level)) / 2))


def student_width(level: float, freedom: float) -> float:
    """The same of Student's t with so many degrees of freedom (> 0)."""
    return float(scipy.special.stdtrit(freedom, (1 + _checked(level)) / 2))


def _checked(level: float) -> float:
    if not 0 < level < 1:
        raise EstimateError(f"An interval of level {level} does not exist. Give one between 0 and 1, such as 0.95.")
    return level
