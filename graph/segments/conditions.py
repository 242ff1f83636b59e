"""Conditions of rules.toml over all journeys: of whom each holds at a moment, and since when.

Every condition becomes spans of time by customer once, kept with the journeys; who fits at a moment is read off them.
Fields of customers are taken as they are today: nobody keeps what they were before, except the stage of the lifecycle.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.figures.voice import USUAL
from graph.journeys.journeys import FOR_EVER, Journeys
from graph.journeys.part import NOT_SAID
from graph.journeys.view import Mask, View
from graph.segments.rules import SCORES, Condition
from graph.segments.spans import ALWAYS, DAY, Spans, Steps, combined, latest, running_sums
from graph.segments.spending import is_in_one_currency, spending

T = TypeVar("T")
V = TypeVar("V", bound=np.generic)
_YEAR = 365.2425 * DAY


def holds(condition: Condition, journeys: Journeys, moment_ms: int) -> Mask:
    """By customer, whether the condition holds at that moment."""
    many = len(journeys.customers)
    if condition.inner:
        held = np.ones(many, np.bool_)
        for inner in condition.all:
            held &= holds(inner, journeys, moment_ms)
        if condition.any:
            held &= np.logical_or.reduce([holds(inner, journeys, moment_ms) for inner in condition.any])
        for inner in condition.none:
            held &= ~holds(inner, journeys, moment_ms)
        return held
    if condition.top_share is not None:
        apart = np.zeros(many, np.int64)
        if condition.metric == "revenue" and not _is_by_customer(condition, journeys):
            apart = spending(journeys).currency_of
        return _among_the_highest(_values(condition, journeys, moment_ms), condition.top_share, apart)
    return _by_customer(
        condition, journeys, lambda some: _leaf(condition, some).holds_at(moment_ms, len(some.customers))
    )


def spans_of(condition: Condition, journeys: Journeys, units: NDArray[np.int64]) -> Spans:
    """When it held, of some customers (numbers, in order); raises ValueError for what is ranked (`is_ranked`)."""
    if condition.top_share is not None:
        raise ValueError("Who is among the highest depends on the others: there are no spans.")
    if not condition.inner:
        return _leaf_of(condition, journeys, units)
    parts = []
    if condition.all:
        inner = [spans_of(each, journeys, units) for each in condition.all]
        parts.append(combined(inner, lambda held: held == len(inner), units))
    if condition.any:
        parts.append(combined([spans_of(each, journeys, units) for each in condition.any], _some, units))
    if condition.none:
        parts.append(combined([spans_of(each, journeys, units) for each in condition.none], _nothing, units))
    return parts[0] if len(parts) == 1 else combined(parts, lambda held: held == len(parts), units)


def value_at(condition: Condition, journeys: Journeys, moment_ms: int) -> NDArray[np.float64]:
    """By customer, what the condition of a metric or of interactions counts at that moment; NaN where not known."""
    return at_last_moment(journeys, ("values", condition), moment_ms, lambda: _values(condition, journeys, moment_ms))


def at_last_moment(journeys: Journeys, key: Hashable, moment_ms: int, make: Callable[[], T]) -> T:
    """What holds at a moment, kept until another moment is asked for: a request asks for one."""
    kept: list[tuple[int, T]] = journeys.once(key, list)
    found = kept[0] if kept else None
    if found is None or found[0] != moment_ms:
        found = (moment_ms, make())
        kept[:] = [found]
    return found[1]


def _some(held: NDArray[np.int64]) -> Mask:
    some: Mask = held > 0
    return some


def _nothing(held: NDArray[np.int64]) -> Mask:
    nothing: Mask = held == 0
    return nothing


def _values(condition: Condition, journeys: Journeys, moment_ms: int) -> NDArray[np.float64]:
    return _by_customer(
        condition, journeys, lambda some: _steps(condition, some).at_moment(moment_ms, len(some.customers))
    )


def _by_customer(condition: Condition, journeys: Journeys, make: Callable[[Journeys], NDArray[V]]) -> NDArray[V]:
    """By customer what `make` tells: of most from the journeys as they were read, only of those changed since anew."""
    if not _is_by_customer(condition, journeys):
        return make(journeys)
    return of_each(journeys, make)


def of_each(journeys: Journeys, make: Callable[[Journeys], NDArray[V]]) -> NDArray[V]:
    """By customer what follows from their own rows alone; of those who have not changed it is made once."""
    return journeys.customers.held(make(journeys.settled), make(journeys.later))


def _is_by_customer(condition: Condition, journeys: Journeys) -> bool:
    """Whether it follows from the customer's own rows. An account may change, and currencies that others pay in."""
    if condition.metric == "revenue":
        return is_in_one_currency(journeys)
    return condition.field != "industry"


def _leaf_of(condition: Condition, journeys: Journeys, units: NDArray[np.int64]) -> Spans:
    """The spans of some customers, by their numbers in order."""
    if not _is_by_customer(condition, journeys):
        return _leaf(condition, journeys).of(units)
    customers = journeys.customers
    is_later = units >= customers.kept
    parts = []
    for some, mine, there in (
        (journeys.settled, units[~is_later], customers.in_first(units[~is_later])),
        (journeys.later, units[is_later], units[is_later] - customers.kept),
    ):
        found = _leaf(condition, some).of(there)
        parts.append(Spans(mine[np.searchsorted(there, found.unit)], found.start, found.end))
    return Spans(
        np.concatenate([part.unit for part in parts]),
        np.concatenate([part.start for part in parts]),
        np.concatenate([part.end for part in parts]),
    )


def _leaf(condition: Condition, journeys: Journeys) -> Spans:
    return journeys.once(("spans", condition), lambda: _spans(condition, journeys))


def _spans(condition: Condition, journeys: Journeys) -> Spans:
    if condition.field == "lifecycle_stage":
        return _in_stage(condition, journeys)
    if condition.field is not None:
        return _for_ever(_field_fits(condition, condition.field, journeys))
    if condition.metric in ("tenure_days", "age_years"):
        return _grown(condition, journeys)
    low, high = _bounds(condition)
    return _steps(condition, journeys).between(low, high, np.arange(len(journeys.customers)))


def _bounds(condition: Condition) -> tuple[float, float]:
    if condition.at_least is None and condition.at_most is None:
        return 1.0, np.inf
    return (
        -np.inf if condition.at_least is None else condition.at_least,
        np.inf if condition.at_most is None else condition.at_most,
    )


def _steps(condition: Condition, journeys: Journeys) -> Steps:
    """What a condition counts, from moment to moment, whatever its bounds."""
    counted = Condition(
        kinds=condition.kinds,
        touchpoints=condition.touchpoints,
        channels=condition.channels,
        functions=condition.functions,
        sources=condition.sources,
        campaigns=condition.campaigns,
        metric=condition.metric,
        within_days=condition.within_days,
    )
    return journeys.once(("steps", counted), lambda: _counted(counted, journeys))


def _counted(condition: Condition, journeys: Journeys) -> Steps:
    view = journeys.view()
    if condition.metric in SCORES:
        rows = _scored(condition.metric, view)
        score = view.numbers("score")
        return latest(view.unit[rows].astype(np.int64), view.at[rows], score[rows])
    if condition.metric == "revenue":
        spent = spending(journeys)
        return running_sums(spent.unit, spent.at, spent.amount, condition.within_days)
    rows = np.flatnonzero(_counts(condition, view))
    return running_sums(view.unit[rows].astype(np.int64), view.at[rows], np.ones(len(rows)), condition.within_days)


def _scored(metric: str, view: View) -> NDArray[np.int64]:
    """The rows of answers on the one scale that is meant: a five-point scale and good or bad are never mixed."""
    name, low, high = ("csat", 0.0, 1.0) if metric == "csat_binary" else (metric, *USUAL[metric])
    score, least, most = view.numbers("score"), view.numbers("scale_min"), view.numbers("scale_max")
    usual_low, usual_high = USUAL[name]
    least, most = np.where(np.isnan(least), usual_low, least), np.where(np.isnan(most), usual_high, most)
    on_scale = (least == low) & (most == high) & (score >= low) & (score <= high)
    return np.flatnonzero(view.coded("metric").among(name) & on_scale)


def _counts(condition: Condition, view: View) -> Mask:
    match condition.metric:
        case "interactions":
            return np.ones(len(view), np.bool_)
        case "activities":
            return view.is_activity
        case "tickets":
            return view.kinds("ticket.created")
        case "orders":
            return view.kinds("order.placed")
        case _:
            fits = np.ones(len(view), np.bool_)
            for column, values in condition.narrowed_by:
                named = view.journeys.touchpoint_keys(values) if column == "touchpoint" else values
                fits &= view.coded(column).among(*named)
            return fits


def _among_the_highest(value: NDArray[np.float64], share: float, apart: NDArray[np.int64]) -> Mask:
    """The highest of those with a value above 0, group by group of `apart`; of equal values at the edge all are in."""
    highest = np.zeros(len(value), np.bool_)
    for group in np.unique(apart):
        alike = np.flatnonzero((apart == group) & (value > 0))
        if len(alike):
            many = max(1, int(np.ceil(len(alike) * share)))
            least = np.partition(value[alike], len(alike) - many)[len(alike) - many]
            highest[alike[value[alike] >= least]] = True
    return highest


def _in_stage(condition: Condition, journeys: Journeys) -> Spans:
    stages = journeys.stages
    whose = journeys.whose(stages).astype(np.int64)
    left = stages.moments("left_at")
    chosen = whose >= 0
    if condition.values:
        chosen &= stages.coded("stage").among(*condition.values)
    end = np.where(left == NOT_SAID, FOR_EVER, left)
    each = Spans(whose[chosen], stages.moments("at")[chosen], end[chosen])
    return combined([each], _some, np.arange(len(journeys.customers)))  # two such stages in a row are one span


def _for_ever(fits: Mask) -> Spans:
    unit = np.flatnonzero(fits).astype(np.int64)
    return Spans(unit, np.full(len(unit), ALWAYS), np.full(len(unit), FOR_EVER))


def _field_fits(condition: Condition, field: str, journeys: Journeys) -> Mask:
    customers = journeys.customers
    if field in ("tags", "sources"):
        lists: Any = customers.arrow(field).combine_chunks()
        values = lists.flatten()
        fits = pc.is_in(values, value_set=pa.array(condition.values, pa.string())) if condition.values else None
        found = np.zeros(len(customers), np.bool_)
        rows = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
        found[rows if fits is None else rows[fits.to_numpy(zero_copy_only=False)]] = True
        return found
    if field == "industry":
        column = journeys.accounts.coded("industry")
        of_account = column.among(*condition.values) if condition.values else column.codes >= 0
        return np.concatenate([of_account, [False]])[journeys.account_of]  # -1, no account, is the last
    column = customers.coded(field)
    return column.among(*condition.values) if condition.values else column.codes >= 0


def _grown(condition: Condition, journeys: Journeys) -> Spans:
    """Time since the first interaction in days, or since birth in years: it only grows."""
    if condition.metric == "tenure_days":
        begun, step = _first_moments(journeys), float(DAY)
    else:
        begun, step = _born(journeys), _YEAR
    unit = np.flatnonzero(begun != NOT_SAID).astype(np.int64)
    begun = begun[unit]
    start = begun if condition.at_least is None else begun + int(np.ceil(condition.at_least * step))
    ends = np.full(len(unit), FOR_EVER)
    if condition.at_most is not None:
        ends = begun + int(condition.at_most * step) + 1
    return Spans(unit, start, ends)


def first_moments(journeys: Journeys) -> NDArray[np.int64]:
    """By customer, their first interaction in epoch milliseconds; NOT_SAID where there is none."""
    return of_each(journeys, _first_moments)


def _first_moments(journeys: Journeys) -> NDArray[np.int64]:
    return journeys.once("first moments", lambda: _first_moments_anew(journeys))


def _first_moments_anew(journeys: Journeys) -> NDArray[np.int64]:
    view = journeys.view()
    first = np.full(len(journeys.customers), NOT_SAID, np.int64)
    first[view.unit[view.starts]] = view.at[view.starts]
    return first


def born(journeys: Journeys) -> NDArray[np.int64]:
    """By customer, the day of birth in epoch milliseconds; NOT_SAID where it is not known."""
    return of_each(journeys, lambda some: some.once("born", lambda: _born(some)))


def _born(journeys: Journeys) -> NDArray[np.int64]:
    column = journeys.customers.coded("birth_date")
    days = np.array([_day(text) for text in column.values] + [NOT_SAID], np.int64)
    return days[column.codes]


def _day(text: str) -> int:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return int(NOT_SAID)
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
