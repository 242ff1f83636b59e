"""What merges and splits did to a figure: the same journeys with the customers as they were known at a moment.

Nothing else is undone: what happened since stays, with whom its record belonged to then. A record that came later
stands with the one that its customer is taken for now.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.customer.events import Event
from graph.customer.journey import JourneyMaker
from graph.cypher import cypher
from graph.journeys.journeys import MOST_FITS, Journeys
from graph.journeys.kept import Kept
from graph.journeys.layout import TABLES, as_table
from graph.journeys.part import Part
from graph.rules import Rules
from graph.store.driver import Store

MOST_AFFECTED = 20_000
"""Customers whose journeys can be made anew for one answer."""


class TooManyChanged(LookupError):
    """So many customers were merged or split that the answer would take too long; the message says how many."""


@dataclass(frozen=True, slots=True)
class Regrouped:
    """Customers that were merged or split since a moment."""

    merged: Sequence[str]
    """Ids of today's customers who were several then."""
    split: Sequence[str]
    """Ids of then whose records are several customers' now."""
    unit_of: Mapping[str, str]
    """Record → id of then, of the records of the customers concerned that were known then."""
    customer_of: Mapping[str, str]
    """Record → id of today, of the same records."""
    touched: Sequence[str]
    """Ids of today's customers concerned."""
    is_known: bool = True
    """Whether anybody was known at that moment."""


async def undone_since(store: Store, journeys: Journeys, since_ms: int) -> tuple[Regrouped, Journeys]:
    """What was merged or split since, and the journeys with that undone; kept for the moment that was asked for last.

    TooManyChanged: see there.
    """
    kept: dict[int, tuple[Regrouped, Journeys]] = journeys.once("undone", dict)
    found = kept.get(since_ms)
    if found is None:
        regrouped = await regrouped_since(store, since_ms)
        found = regrouped, await journeys_undone(store, journeys, regrouped)
        kept.clear()
        kept[since_ms] = found
    return found


async def regrouped_since(store: Store, since_ms: int) -> Regrouped:
    """Which customers were merged or split since, by the history of identities."""
    ended = await store.read(cypher("writes/identities_changed"), since=since_ms)
    before = {key: str(id) for id, keys in ended for key in keys}
    if not before:  # what came since is nobody's change: it is not even read
        is_known = await store.read_one(cypher("writes/any_identity_before"), since=since_ms) is not None
        return replace(regrouped_by({}, {}), is_known=is_known)
    holding = await store.read(cypher("writes/identities_holding"), since=since_ms, keys=dict.fromkeys(before, True))
    return regrouped_by(before, {str(id): list(keys) for id, keys in holding})


async def journeys_undone(store: Store, journeys: Journeys, regrouped: Regrouped) -> Journeys:
    """The journeys with these customers as they were. TooManyChanged: see there."""
    if len(regrouped.touched) > MOST_AFFECTED:
        raise TooManyChanged(
            f"{len(regrouped.touched):,} customers were merged or split since; at most {MOST_AFFECTED:,} can be taken "
            "apart for one answer. Choose a later moment."
        )
    if not regrouped.touched:
        return journeys
    rows = await store.read(cypher("writes/records_of_interactions"), ids=list(regrouped.touched))
    record_of = {str(id): str(record) for id, record in rows}
    return await asyncio.to_thread(regroup, journeys, regrouped, record_of)


def regroup(journeys: Journeys, regrouped: Regrouped, record_of: Mapping[str, str]) -> Journeys:
    """The journeys in which `record_of` (interaction → record) and the groups say whose each interaction is."""
    touched = pa.array(sorted(regrouped.touched), pa.large_string())
    main = _main_units(regrouped)
    events = _rows(journeys, "events", touched)
    for row in events:
        row["who"] = regrouped.unit_of.get(record_of.get(row["id"], ""), main[row["who"]])
    people = _as_they_were(_rows(journeys, "customers", touched), regrouped)
    tables = {"customers": people, **_made_anew(events, journeys.rules)}
    for name in ("alerts", "records"):
        tables[name] = [row | {"who": main[row["who"]]} for row in _rows(journeys, name, touched)]
    made = {
        name: as_table(name, [[row[key] for key in TABLES[name].names] for row in found])
        for name, found in tables.items()
    }
    return replace(journeys.changed(regrouped.touched, [], made, journeys.seq, journeys.read_at), fits=Kept(MOST_FITS))


def regrouped_by(before: Mapping[str, str], now: Mapping[str, Sequence[str]]) -> Regrouped:
    """The customers concerned: `before` is record → id of then, `now` id of today → records."""
    after: dict[str, set[str]] = {}
    merged: list[str] = []
    for id, keys in now.items():
        units = {before[key] for key in keys if key in before}
        if len(units) > 1:
            merged.append(id)
        for unit in units:
            after.setdefault(unit, set()).add(id)
    split = sorted(unit for unit, ids in after.items() if len(ids) > 1)
    touched = {*merged, *(id for unit in split for id in after[unit])}
    customer_of = {key: id for id in touched for key in now[id] if key in before}
    unit_of = {key: before[key] for key in customer_of}
    return Regrouped(sorted(merged), split, unit_of, customer_of, sorted(touched))


def _rows(journeys: Journeys, name: str, touched: pa.Array[Any]) -> list[dict[str, Any]]:
    part = journeys.parts[name]
    names = TABLES[name].names
    rows = np.flatnonzero(pc.is_in(part.arrow(names[0]), value_set=touched).to_numpy())
    taken = {key: _values(part, key, rows) for key in names}
    return [dict(zip(taken, values, strict=True)) for values in zip(*taken.values(), strict=True)]


def _values(part: Part, name: str, rows: NDArray[np.int64]) -> list[Any]:
    if not pa.types.is_dictionary(part.first.schema.field(name).type):
        return part.take(name, rows).to_pylist()
    said = part.coded(name)
    texts = (*said.values, None)  # -1, nothing said, is the last
    return [texts[code] for code in said.codes[rows].tolist()]


def _main_units(regrouped: Regrouped) -> dict[str, str]:
    """Of each customer the unit that records of later belong to: that of their own id, or of most of their records."""
    told: dict[str, Counter[str]] = {}
    for record, customer in regrouped.customer_of.items():
        told.setdefault(customer, Counter())[regrouped.unit_of[record]] += 1
    return {
        customer: customer if customer in units else min(units, key=lambda unit: (-units[unit], unit))
        for customer, units in told.items()
    }


def _as_they_were(customers: Iterable[dict[str, Any]], regrouped: Regrouped) -> list[dict[str, Any]]:
    """One customer a unit of then; what the golden record says is that of who holds most of its records now."""
    holders: dict[str, Counter[str]] = {}
    for record, unit in regrouped.unit_of.items():
        holders.setdefault(unit, Counter())[regrouped.customer_of[record]] += 1
    by_id = {row["id"]: row for row in customers}
    most = {unit: min(ids, key=lambda id: (-ids[id], id)) for unit, ids in holders.items()}
    return [{**by_id[most[unit]], "id": unit} for unit in sorted(most) if most[unit] in by_id]


def _made_anew(rows: list[dict[str, Any]], rules: Rules) -> dict[str, list[dict[str, Any]]]:
    """Events with their stages and what is about what, handoffs and stages, of these customers."""
    maker = JourneyMaker(rules)
    by_who: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_who.setdefault(row["who"], []).append(row)
    handoffs: list[dict[str, Any]] = []
    stages: list[dict[str, Any]] = []
    for who, own in by_who.items():
        by_id = {row["id"]: row for row in own}
        journey = maker.journey([_event(row) for row in own])
        for told, stage in zip(journey.events, journey.stage_at, strict=True):
            by_id[told.id]["stage"] = stage
        for source, target, method in journey.abouts:
            if by_id[source]["about_method"] in (None, "inferred"):  # what a source or a token says holds
                by_id[source].update(about=target, about_method=method)
        handoffs += [
            {"who": who} | {name: getattr(each, name) for name in TABLES["handoffs"].names[1:]}
            for each in journey.handoffs
        ]
        stages += [
            {"who": who} | {name: getattr(each, name) for name in TABLES["stages"].names[1:]}
            for each in journey.transitions
        ]
    return {"events": rows, "handoffs": handoffs, "stages": stages}


def _event(row: Mapping[str, Any]) -> Event:
    made = {name: row[name] for name in Event.__struct_fields__ if name in row}
    return Event(record="", **made)
