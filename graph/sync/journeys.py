"""Write journeys: the relationships of a customer's interactions, changed by difference.

Relationships that still hold are left alone. Nodes are told to the store by its own ids, which it goes to without a
look-up: the same interaction is an end of up to six relationships.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from graph.customer.journey import Journey
from graph.customer.touchpoints import Touchpoint
from graph.cypher import cypher
from graph.store.driver import Store, Transaction

_ROWS_A_QUERY = 10_000


@dataclass(slots=True)
class Written:
    """How many relationships came and went."""

    made: int = 0
    dropped: int = 0


@dataclass(slots=True)
class Places:
    """The store's own ids of nodes, by what we call them; true within one transaction."""

    customers: dict[str, str] = field(default_factory=dict)
    interactions: dict[str, str] = field(default_factory=dict)
    touchpoints: dict[str, str] = field(default_factory=dict)
    stages: dict[str, str] = field(default_factory=dict)


async def write_journeys(
    tx: Transaction, journeys: Mapping[str, Journey], is_new: set[str], places: Places, names: NamedTouchpoints
) -> Written:
    """Let the customers have these journeys and no others; of the new ones nothing is there yet.

    `places` knows the customers and their interactions.
    """
    settled = [id for id in journeys if id not in is_new]
    before = await _read_edges(tx, settled) if settled else {}
    wanted = _edges(journeys)
    written = Written()
    await names.write(touchpoint for journey in journeys.values() for touchpoint in journey.touchpoints)
    made_of = {kind: sorted(wanted[kind] - before.get(kind, set()), key=_ends) for kind in _EDGE_KINDS}
    await _find_places(tx, made_of, places)
    for kind, made in made_of.items():
        gone = sorted(before.get(kind, set()) - wanted[kind], key=_ends)
        written.dropped += len(gone)
        written.made += len(made)
        for batch in _batches(gone):
            await tx.run(cypher(f"writes/drop_{kind}"), rows=[list(edge[:3]) for edge in batch])
        for batch in _batches(_placed(kind, made, places)):
            await tx.run(cypher(f"writes/make_{kind}"), rows=batch)
    return written


class NamedTouchpoints:
    """Touchpoints that this run has written: each once, in a transaction of its own, since all batches share them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._written: set[str] = set()

    async def write(self, touchpoints: Iterable[Touchpoint]) -> None:
        new = {touchpoint.key: touchpoint for touchpoint in touchpoints if touchpoint.key not in self._written}
        if new:
            rows = [msgspec.to_builtins(new[key]) for key in sorted(new)]
            await self._store.write(cypher("writes/name_touchpoints"), rows=rows)
            self._written.update(new)


Edge = tuple[Any, ...]
"""(from, to, …properties) with what tells two relationships of one kind and pair apart in third place."""

_EDGE_KINDS = ("experienced", "next", "next_in_matter", "handoff", "about", "first", "last", "reached")


def _edges(journeys: Mapping[str, Journey]) -> dict[str, set[Edge]]:
    """Every relationship of the batch's journeys; times are epoch milliseconds."""
    edges: dict[str, set[Edge]] = {kind: set() for kind in _EDGE_KINDS}
    for id, journey in journeys.items():
        events = journey.events
        edges["experienced"].update(
            (id, event.id, stage, touchpoint.key)
            for event, stage, touchpoint in zip(events, journey.stage_at, journey.touchpoints, strict=True)
        )
        edges["next"].update(journey.next)
        edges["next_in_matter"].update((a, b, matter, gap) for a, b, gap, matter in journey.next_in_matter)
        edges["handoff"].update(
            (
                h.source,
                h.target,
                h.matter,
                h.at,
                h.from_team,
                h.to_team,
                h.from_function,
                h.to_function,
                h.wait_seconds,
                h.business_wait_seconds,
            )
            for h in journey.handoffs
        )
        edges["about"].update(journey.abouts)
        if events:
            edges["first"].add((id, events[0].id, ""))
            edges["last"].add((id, events[-1].id, ""))
        edges["reached"].update(
            (id, t.stage, t.ordinal, t.at, t.left_at, t.cause, t.from_stage, t.regression) for t in journey.transitions
        )
    return edges


async def _find_places(tx: Transaction, made_of: Mapping[str, Sequence[Edge]], places: Places) -> None:
    keys = sorted({edge[3] for edge in made_of["experienced"]})
    stages = sorted({edge[1] for edge in made_of["reached"]})
    if keys or stages:
        touchpoints, names = await tx.collected(cypher("writes/place_touchpoints"), keys=keys, stages=stages)
        places.touchpoints, places.stages = dict(touchpoints), dict(names)


def _placed(kind: str, edges: Sequence[Edge], places: Places) -> list[list[Any]]:
    """The relationships with the store's ids of what they join."""
    customers, interactions = places.customers, places.interactions
    if kind == "experienced":
        touchpoints = places.touchpoints
        return [[customers[c], interactions[i], stage, touchpoints[key]] for c, i, stage, key in edges]
    starts, ends = interactions, interactions
    if kind in ("first", "last"):
        starts = customers
    elif kind == "reached":
        starts, ends = customers, places.stages
    return [[starts[start], ends[end], *more] for start, end, *more in edges]


def _ends(edge: Edge) -> tuple[str, str]:
    """Relationships are written in the order of the nodes they join, so that locks are taken in one order."""
    return edge[0], edge[1]


async def _read_edges(tx: Transaction, ids: Sequence[str]) -> dict[str, set[Edge]]:
    return {
        kind: {tuple(row) for row in await tx.collected(cypher(f"writes/read_{kind}"), ids=ids)} for kind in _EDGE_KINDS
    }


def _batches(rows: Sequence[Any]) -> Iterable[list[Any]]:
    return (list(rows[start : start + _ROWS_A_QUERY]) for start in range(0, len(rows), _ROWS_A_QUERY))
