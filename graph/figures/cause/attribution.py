"""Attribution: who was there when customers converted, by eight models. Credit, not effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from graph.customer.stages import Lifecycle
from graph.estimates import credit
from graph.estimates.paths import Credit, Paths, credited, paths_of
from graph.estimates.removal import removal
from graph.estimates.shapley import shapley
from graph.figures.figure import LEAST_SAMPLE, NoFigure
from graph.figures.money import money
from graph.figures.scope import Scope
from graph.journeys.part import Coded
from graph.journeys.view import View

DAY_MS = 86_400_000
GOALS = ("deal.won", "order.placed", "subscription.started")
OTHERS = "(others)"


class Model(StrEnum):
    """How the credit of a conversion is shared among the touches before it."""

    FIRST_TOUCH = "FIRST_TOUCH"
    LAST_TOUCH = "LAST_TOUCH"
    LINEAR = "LINEAR"
    U_SHAPED = "U_SHAPED"
    W_SHAPED = "W_SHAPED"
    TIME_DECAY = "TIME_DECAY"
    MARKOV = "MARKOV"
    SHAPLEY = "SHAPLEY"


class By(StrEnum):
    """What gets the credit."""

    CHANNEL = "channel"
    CAMPAIGN = "campaign"
    FUNCTION = "function"
    TOUCHPOINT = "touchpoint"


@dataclass(frozen=True, slots=True)
class Credited:
    """What one channel (campaign, function, touchpoint) gets: in conversions, as a share of all credit, in revenue.

    `customers` had a touch of it, whether they converted or not.
    """

    key: str
    customers: int
    conversions: float
    share: float
    revenue: float | None


@dataclass(frozen=True, slots=True)
class Attribution:
    """Of the customers (or accounts) who converted in the period and of those who did not, by model.

    `unattributed` converted without any touch. `revenue` is what the conversions were worth, or `no_revenue` why not.
    """

    converted: int
    not_converted: int
    unattributed: int
    revenue: float | None
    currency: str | None
    no_revenue: str | None
    by_model: Mapping[Model, tuple[Credited, ...]]
    note: str | None


def attribution(
    scope: Scope, models: Sequence[Model], by: By, goals: Sequence[str] = GOALS, look_back_days: int = 90
) -> Attribution:
    """The credit for the first conversion of each customer (or account) in the period.

    A path has the touches of the `look_back_days` before the conversion; of who did not convert those of as many days
    before the end of the period (or now). Touches are interactions that are neither internal nor automated nor a goal;
    a filter of interactions narrows them. What fewer than 5 customers had a touch of is put together as `(others)`.
    """
    found = _paths(scope, by, goals, look_back_days)
    converted, touched = int(found.paths.converted.sum()), found.paths.lengths > 0
    worth, currency, why = _worth(scope.view, found)
    note = None
    by_model: dict[Model, tuple[Credited, ...]] = {}
    if converted < LEAST_SAMPLE:
        note = f"{converted} of at least {LEAST_SAMPLE} converted in the period."
    elif not (found.paths.converted & touched).any():
        note = f"Nobody who converted had a touch in the {look_back_days} days before."
    else:
        by_model = {model: tuple(_credited(found, model, worth)) for model in models}
    return Attribution(
        converted,
        int((~found.paths.converted).sum()),
        int((found.paths.converted & ~touched).sum()),
        None if worth is None else float(worth.values.sum()),
        currency,
        why,
        by_model,
        note,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """Paths, and what models need: `goal_rows` by path (-1: none); `before` by touch, days before the path's end."""

    paths: Paths
    names: tuple[str, ...]
    goal_rows: NDArray[np.int64]
    before: NDArray[np.float64]
    leads: NDArray[np.int64]
    opportunities: NDArray[np.int64]
    customers: NDArray[np.int64]


def _paths(scope: Scope, by: By, goals: Sequence[str], look_back_days: int) -> _Found:
    view, period = scope.view, scope.period
    at, is_goal, column = view.at, view.kinds(*goals), view.coded(by.value)
    goal_row = view.first_by_unit(is_goal & (at >= period.start_ms) & (at < period.end_ms))
    converts = goal_row >= 0
    end_at = np.full(len(goal_row), min(scope.now_ms + 1, period.end_ms), np.int64)
    end_at[converts] = at[goal_row[converts]]
    touch = ~is_goal & ~view.flags("automated") & ~view.coded("direction").among("internal") & (column.codes >= 0)
    if scope.only.narrows:
        touch &= scope.only.fits(view)
    rows = np.flatnonzero(touch)
    unit = view.unit[rows]
    # Of one moment what stands before the goal in the journey counts, what stands behind it does not.
    kept = (at[rows] >= end_at[unit] - look_back_days * DAY_MS) & (at[rows] <= end_at[unit])
    kept &= np.where(converts[unit], rows < goal_row[unit], at[rows] < end_at[unit])
    rows, unit = rows[kept], unit[kept]
    counts = np.bincount(unit, minlength=len(goal_row))
    units = np.flatnonzero(converts | (counts > 0))
    offsets = np.concatenate([[0], np.cumsum(counts[units])])
    names, codes, customers = _named(column.take(rows), unit)
    paths = paths_of(offsets, codes, converts[units], many=len(names))
    return _Found(
        paths,
        names,
        goal_row[units],
        (end_at[unit] - at[rows]) / DAY_MS,
        _first_at(view, rows, paths, "lead"),
        _first_at(view, rows, paths, "opportunity"),
        customers,
    )


def _named(column: Coded, unit: NDArray[np.int32]) -> tuple[tuple[str, ...], NDArray[np.int32], NDArray[np.int64]]:
    """Names, by touch the number of its name, and by name how many customers it touched; the rare ones are one."""
    customers = _customers(column.codes, unit, len(column.values))
    rare = customers < LEAST_SAMPLE
    kept = np.flatnonzero(~rare)
    names = [column.values[code] for code in kept]
    number = np.full(len(column.values), len(kept), np.int32)
    number[kept] = np.arange(len(kept))
    if (customers[rare] > 0).any():
        names.append(OTHERS)
    codes = number[column.codes] if len(column.codes) else np.zeros(0, np.int32)
    return tuple(names), codes, _customers(codes, unit, len(names))


def _customers(codes: NDArray[np.int32], unit: NDArray[np.int32], many: int) -> NDArray[np.int64]:
    both = np.unique(codes.astype(np.int64) << 32 | unit)
    return np.bincount(both >> 32, minlength=many)


def _first_at(view: View, rows: NDArray[np.int64], paths: Paths, stage: str) -> NDArray[np.int64]:
    """By path, the place of its first touch at which the customer had reached this stage; -1 without one."""
    life = Lifecycle(view.journeys.rules.stage)
    reached = np.full(paths.converted.size, -1, np.int64)
    if stage not in life.names:
        return reached
    there = np.flatnonzero(view.coded("stage").take(rows).among(*life.names[life.rank(stage) :]))[::-1]
    path = paths.path_of[there]
    reached[path] = there - paths.offsets[:-1][path]
    return reached


def _worth(view: View, found: _Found) -> tuple[Paths | None, str | None, str | None]:
    """The paths in which conversions count what they were worth, and in which currency; or why they cannot."""
    rows = found.goal_rows[found.paths.converted]
    try:
        told = money(view.numbers("amount")[rows], view.coded("currency").take(rows), view.journeys.rules)
    except NoFigure as none:
        return None, None, none.figure.note
    values = np.zeros(found.paths.converted.size)
    values[found.paths.converted] = np.maximum(np.nan_to_num(told.values), 0.0)
    paths = found.paths
    return paths_of(paths.offsets, paths.channels, paths.converted, values, paths.many), told.currency, None


def _credited(found: _Found, model: Model, worth: Paths | None) -> Iterator[Credited]:
    """The credit of each name, the most credited first."""
    conversions = _credit(found, model, found.paths).by_channel
    revenue = None if worth is None else _credit(found, model, worth).by_channel
    total = float(conversions.sum())
    for code in sorted(range(len(found.names)), key=lambda code: (-conversions[code], found.names[code])):
        if found.customers[code] >= LEAST_SAMPLE:
            yield Credited(
                found.names[code],
                int(found.customers[code]),
                float(conversions[code]),
                float(conversions[code]) / total if total else 0.0,
                None if revenue is None else float(revenue[code]),
            )


def _credit(found: _Found, model: Model, paths: Paths) -> Credit:
    match model:
        case Model.FIRST_TOUCH:
            return credited(paths, credit.first_touch(paths))
        case Model.LAST_TOUCH:
            return credited(paths, credit.last_touch(paths))
        case Model.LINEAR:
            return credited(paths, credit.linear(paths))
        case Model.U_SHAPED:
            return credited(paths, credit.u_shaped(paths))
        case Model.W_SHAPED:
            return credited(paths, credit.w_shaped(paths, found.leads, found.opportunities))
        case Model.TIME_DECAY:
            return credited(paths, credit.time_decay(paths, found.before))
        case Model.MARKOV:
            return removal(paths).credit
        case Model.SHAPLEY:
            return shapley(paths)
