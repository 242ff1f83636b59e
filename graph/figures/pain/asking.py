"""What customers have to tell us again, and forms that they give up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.figures.pain.occurrences import HOUR_MS, Occurrences, labelled
from graph.figures.scope import Scope
from graph.journeys.lists import listed
from graph.journeys.part import NOT_SAID, Coded
from graph.journeys.timeline import Timeline
from graph.journeys.view import Unit, View

ENTERED_TOGETHER_MS = HOUR_MS
"""A record made within the hour before a request is taken to come from it: sources round when they made a record."""


def repeated_requests(scope: Scope) -> Occurrences:
    """Information that was requested at a moment before which any record or interaction of the customer held it.

    Told apart by field and by whether the system that asked held it itself, or only another one. An interaction holds
    what was asked for in it; one of the same ticket, order … says nothing, because there the answer is awaited. A
    record holds what it says today since it was created; one created within the hour before the request is taken to
    come from it. A deleted record holds nothing.
    """
    journeys, unit_of = scope.view.journeys, scope.view.unit_of
    whole = journeys.view(unit_of)
    # What was held before does not depend on what is asked about, so that all are found once.
    rows, found = journeys.once(("repeated requests", unit_of), lambda: _repeated(whole))
    chosen = scope.view.members[found.unit] & (found.at <= scope.now_ms)
    if scope.only.narrows:
        chosen &= scope.only.fits(whole)[rows]
    return found.where(chosen).within(scope.period)


def abandoned_forms(scope: Scope) -> Occurrences:
    """Forms that a customer began and did not send within the day; told apart by topic."""
    rows = scope.rows()
    sent = scope.view.kinds("form.submitted")
    left = np.flatnonzero(rows.kinds("form.abandoned"))
    unit, at = rows.unit[left], rows.at[left]
    after = Timeline.of(scope.view, sent)
    saved = after.count(unit, at, at + 24 * HOUR_MS) > 0
    return Occurrences.of(unit[~saved], at[~saved], rows.coded("topic").take(left[~saved]))


def _repeated(view: View) -> tuple[NDArray[np.int64], Occurrences]:
    """All repeated requests of a view, and the rows of it that they are in."""
    asked = _requests(view)
    held = _together(asked, _order_numbers(view), _of_records(view))
    here = _held_before(asked, held, same_system=True)
    again = here | _held_before(asked, held, same_system=False)
    names = [f"{field}, held by {system}" for field in asked.field.values for system in ("another system", "the same")]
    way = labelled(asked.field.codes[again].astype(np.int64) * 2 + here[again], names)
    return asked.rows[again], Occurrences.of(asked.unit[again], asked.at[again], way)


@dataclass(frozen=True, slots=True)
class _Held:
    """A field that something held from a moment on: `matter` says which matter it belongs to, -1 for none."""

    rows: NDArray[np.int64]
    unit: NDArray[np.int64]
    field: Coded
    source: Coded
    at: NDArray[np.int64]
    matter: NDArray[np.int64]


def _requests(view: View) -> _Held:
    rows, field = listed(view.arrow("requested_fields"))
    return _Held(
        rows,
        view.unit[rows].astype(np.int64),
        field,
        view.coded("source").take(rows),
        view.at[rows],
        _matters(view)[rows],
    )


def _matters(view: View) -> NDArray[np.int64]:
    """A number for each row: that of its ticket, deal, order or subscription, or else one of its own."""
    numbers = -1 - np.arange(len(view), dtype=np.int64) - 1
    begin = 0
    for name in ("activity_id", "subscription", "order", "deal", "ticket"):
        column = view.coded(name)
        numbers = np.where(column.codes >= 0, column.codes.astype(np.int64) + begin, numbers)
        begin += len(column.values)
    return numbers


def _order_numbers(view: View) -> _Held:
    """Whoever reports an order knows its number."""
    rows = np.flatnonzero(view.coded("order").codes >= 0)
    return _Held(
        rows,
        view.unit[rows].astype(np.int64),
        Coded(np.zeros(len(rows), np.int32), ("order_number",)),
        view.coded("source").take(rows),
        view.at[rows],
        np.full(len(rows), -1, np.int64),
    )


def _of_records(view: View) -> _Held:
    part = view.journeys.records
    rows, field = listed(part.arrow("held"))
    unit = view.journeys.whose(part)[rows].astype(np.int64)
    if view.unit_of is Unit.ACCOUNT:
        unit = np.append(view.journeys.account_of, -1)[unit].astype(np.int64)
    since = part.moments("created_at")[rows]
    known = (unit >= 0) & (since != NOT_SAID)
    return _Held(
        rows[known],
        unit[known],
        field.take(known),
        part.coded("source").take(rows[known]),
        since[known] + ENTERED_TOGETHER_MS,
        np.full(int(known.sum()), -1, np.int64),
    )


def _together(*parts: _Held) -> _Held:
    fields, sources = (
        tuple(dict.fromkeys(v for p in parts for v in getattr(p, n).values)) for n in ("field", "source")
    )
    return _Held(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.unit for part in parts]),
        _one([part.field for part in parts], fields),
        _one([part.source for part in parts], sources),
        np.concatenate([part.at for part in parts]),
        np.concatenate([part.matter for part in parts]),
    )


def _one(columns: list[Coded], values: tuple[str, ...]) -> Coded:
    number = {value: place for place, value in enumerate(values)}
    maps = [np.array([*(number[value] for value in column.values), -1], np.int32) for column in columns]
    return Coded(np.concatenate([m[column.codes] for m, column in zip(maps, columns, strict=True)]), values)


def _held_before(asked: _Held, held: _Held, *, same_system: bool) -> NDArray[np.bool_]:
    """By request, whether something outside its matter held the field before: of the same system, or of any.

    Of each customer and field the earliest that held it is enough to know, and the earliest of another matter.
    """
    fields = {value: place for place, value in enumerate(held.field.values)}
    sources = {value: place for place, value in enumerate(held.source.values)}
    size = len(sources) + 1 if same_system else 1

    def keys(of: _Held) -> NDArray[np.int64]:
        field = np.array([*(fields[value] for value in of.field.values), -1], np.int64)[of.field.codes]
        source = np.array([*(sources[value] for value in of.source.values), -1], np.int64)[of.source.codes]
        return (of.unit * len(fields) + field) * size + (source + 1 if same_system else 0)

    if not len(held.rows) or not len(asked.rows):
        return np.zeros(len(asked.rows), np.bool_)
    key = keys(held)
    order = np.lexsort((held.at, key))
    key, at, matter = key[order], held.at[order], held.matter[order]
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    group = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(key))))
    never = np.iinfo(np.int64).max
    other = np.full(len(starts), never, np.int64)
    differs = np.flatnonzero((matter != matter[starts][group]) | (matter == -1))
    differs = differs[~np.isin(differs, starts)]
    other[group[differs[::-1]]] = at[differs[::-1]]
    place = np.minimum(np.searchsorted(key[starts], keys(asked)), len(starts) - 1)
    found = key[starts][place] == keys(asked)
    first_is_own = matter[starts][place] == asked.matter
    since = np.where(first_is_own, other[place], at[starts][place])
    before: NDArray[np.bool_] = found & (since < asked.at)
    return before
