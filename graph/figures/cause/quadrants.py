"""Importance × performance of drivers: which to concentrate on, after Martilla and James 1977 (J. Marketing 41)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from graph.estimates.columns import FloatArray
from graph.estimates.drivers import Driver, Drivers
from graph.figures.touchpoints import FEWEST_PLACED, Quadrant, quadrant_of

ENDS = (5, 95)
"""The percentiles of a driver between which answers stand: a few extreme ones decide nothing."""


@dataclass(frozen=True, slots=True)
class Placed:
    """`performance` is 0 where all answers stand at the driver's worse end, 100 where all stand at the better one.

    None where it cannot be told which end is the better one; `note` says so.
    """

    performance: float | None
    quadrant: Quadrant | None
    note: str | None


def placed(model: Drivers, columns: Mapping[str, FloatArray]) -> dict[str, Placed]:
    """By driver, its place among the others; `columns` float64[n] hold what each answer's customer experienced.

    Importance is the driver's share (LMG). Its better end is where its coefficient says that scores are higher; where
    the interval of the coefficient holds 0 nobody knows which that is. The lines between the quadrants are the means of
    those that have both.
    """
    found = {driver.name: _performance(driver, columns[driver.name]) for driver in model.drivers}
    both = [
        (driver.share.value, performance) for driver in model.drivers if (performance := found[driver.name]) is not None
    ]
    if len(both) < FEWEST_PLACED:
        note = f"Of {len(both)} drivers it is known which end is the better one; at least {FEWEST_PLACED} are needed."
        return {name: Placed(performance, None, note) for name, performance in found.items()}
    important, well = (float(column.mean()) for column in np.array(both).T)
    return {driver.name: _placed(driver, found[driver.name], important, well) for driver in model.drivers}


def _performance(driver: Driver, column: FloatArray) -> float | None:
    low, high = driver.coefficient.low, driver.coefficient.high
    if low is None or high is None or low <= 0 <= high:
        return None
    least, most = (float(end) for end in np.percentile(column, ENDS))
    if least == most:  # nearly all are alike: what the few others experienced decides
        least, most = float(column.min()), float(column.max())
    place = 100 * float(np.clip((column - least) / (most - least), 0, 1).mean())
    return place if driver.coefficient.value > 0 else 100 - place


def _placed(driver: Driver, performance: float | None, important: float, well: float) -> Placed:
    if performance is None:
        return Placed(None, None, "The interval of its coefficient holds 0: which end is the better one is not known.")
    return Placed(performance, quadrant_of(driver.share.value >= important, performance >= well), None)
