"""What a root field reads: each becomes one Cypher query, in a session of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

import msgspec
from graphql import FieldNode, GraphQLField

from api.plan.connection import connection
from api.plan.cost import COMPUTED, ROOT, WORKED
from api.plan.fields import from_milliseconds
from api.plan.later import names_in, read_named, work_out
from api.plan.lookups import RootIdentified, RootNode, RootNodes, identified, node_by_id, nodes_by_ids, one_row
from api.plan.ranked import Member, RankedPage, Ranking, page_of_ranking, ranked, with_keys
from api.plan.rows import Arguments, Parameters, Row, object_type
from api.plan.select import Selector
from api.plan.shape import (
    Cells,
    Expression,
    Shape,
    cells_of,
    cells_of_each,
    compiled,
    each,
    objects,
)
from api.syncs import SyncProcesses
from graph.changes import Entry
from graph.journeys.journeys import Journeys
from graph.journeys.keeper import JourneyKeeper
from graph.keys import Role
from graph.query import UNTIL, Until, compile_query, compile_query_of_few, compile_until
from graph.reading import Part, Reading, Traversal
from graph.rules import Rules
from graph.store.driver import Store
from graph.tracing import NamedQuery

MOST_SOUGHT = 1_000
"""So many ids are sought one by one; of more a page is read in its order, until enough of them have come by."""


class Reader(Protocol):
    """What an operation needs of a store."""

    async def read(self, query: str, /, **parameters: Any) -> list[Row]: ...


@dataclass(frozen=True, slots=True)
class Filled:
    """A traversal's parameter, filled from the field's arguments."""

    parameter: str
    value: Callable[[Arguments], Any]


@dataclass(frozen=True, slots=True)
class RootOne:
    """One row or null."""

    traversal: Traversal
    filled: tuple[Filled, ...] = ()


@dataclass(frozen=True, slots=True)
class RootAll:
    """All rows, of which there are few."""

    traversal: Traversal


@dataclass(frozen=True, slots=True)
class RootPage:
    """A connection."""

    traversal: Traversal


@dataclass(frozen=True, slots=True)
class RootRanked:
    """A connection over several types whose items are worked out and ranked first; `rank` knows who asks."""

    by_type: Mapping[str, Member]
    rank: Callable[[Reader, Arguments, Role], Awaitable[Ranking]]


@dataclass(frozen=True, slots=True)
class Question:
    """A query with its parameters, and how its rows become the answer that sub-fields read."""

    cypher: str
    parameters: Mapping[str, Any]
    fold: Callable[[list[Row]], Any]


@dataclass(frozen=True, slots=True)
class RootComputed:
    """An answer computed from the rows of a question; nothing of it is planned."""

    ask: Callable[[Arguments], Question]


@dataclass(frozen=True, slots=True)
class Bench:
    """What an answer is worked out with: the store, the company's rules, all journeys, who asks and when."""

    store: Store
    rules: Rules
    viewer: str
    journeys: JourneyKeeper
    now: Callable[[], datetime]
    syncs: SyncProcesses | None = None
    """What starts syncs, where there is something to read."""


@dataclass(frozen=True, slots=True)
class RootWorked:
    """An answer that is worked out over the store, which it may change; what it names by key is read afterwards."""

    work: Callable[[Bench, Arguments], Awaitable[Mapping[str, Any]]]


Tell = Callable[[Entry], Sequence[Mapping[str, Any]]]
"""The events of an entry of the change log, in their order, each with what it names by key."""


@dataclass(frozen=True, slots=True)
class RootEvents:
    """What happens; `teller` reads the arguments once, and raises a GraphQL error where they are wrong.

    It may not look at `after`: everybody who asks for the same is told by one query.
    """

    teller: Callable[[Arguments], Tell]


@dataclass(frozen=True, slots=True)
class RootWatched:
    """What stands in the graph, told whenever it is another: items that have an `id`, the oldest first.

    The newest is told at first, then each that is new or another. The question takes no parameters.
    """

    ask: Callable[[Arguments], Question]


class Answer(msgspec.Struct, frozen=True):
    """What a root field's answer is made of: the row of its query, the parameters, and what was worked out."""

    row: Row
    given: Parameters
    data: Any = None


@dataclass(slots=True)
class RootPlan:
    """One root field, planned: its query, how parameters are filled, and how its row becomes the answer."""

    selector: Selector
    expression: Expression
    cypher: str
    cypher_of_few: str | None = None
    """The same where what is found in the journeys are few ids, as lists; None where that is not faster."""
    until: Until | None = None
    """Of a page along an index: how it is read without sorting all rows, where one query does not do it."""
    named: frozenset[str] = frozenset()
    """Parameters that a worked-out answer fills: it holds their keys under the same names."""
    ask: Callable[[Arguments], Question] | None = None
    is_watched: bool = False
    """Whether the answers to `ask` are told as they come."""
    work: Callable[[Bench, Arguments], Awaitable[Mapping[str, Any]]] | None = None
    teller: Callable[[Arguments], Tell] | None = None
    rank: RootRanked | None = None
    _finished: Shape | None = None
    _walked: Shape | None = None

    def query(self, given: Parameters) -> str:
        """The query for these parameters."""
        lists = self.cypher_of_few is not None and isinstance(given.get(self.selector.found[0].name), list)
        return self.cypher_of_few if lists and self.cypher_of_few else self.cypher

    async def read(self, reader: Reader, given: Parameters) -> Row:
        """The row of the query."""
        if not self.cypher:
            return []
        if self.until is not None and isinstance(reader, Store):
            end = self.until.in_order if reader.walks_in_order else self.until.in_any
            if end is not None and (row := await self._read_until(self.until, end, reader, given)) is not None:
                return row
        return (await reader.read(self.query(given), **given))[0]

    async def _read_until(self, until: Until, end: str, reader: Reader, given: Parameters) -> Row | None:
        """The row where it is known where the page ends; else None."""
        ((bound, found),) = await reader.read(end, **given)
        if found < given[until.limit]:
            return None
        bound = from_milliseconds(bound) if until.is_instant else bound
        row = (await reader.read(until.query, **given, **{UNTIL: bound}))[0]
        return row if len(row[until.place]) == found else None

    def finished(self, answer: Answer) -> Any:
        """The field's value as the response has it; raises where it is not what the schema promises."""
        if self._finished is None:
            self._finished = compiled(self.expression, finished=True)
        return self._finished(answer.row, answer.given, answer.data)

    def walked(self, answer: Answer) -> Any:
        """The field's value as graphql-core walks it."""
        if self._walked is None:
            self._walked = compiled(self.expression, finished=False)
        return self._walked(answer.row, answer.given, answer.data)


_BEFOREHAND: Mapping[type, int] = {RootComputed: COMPUTED, RootWorked: WORKED}


def plan_root(selector: Selector, reads: object, definition: GraphQLField, nodes: Sequence[FieldNode]) -> RootPlan:
    """Plan one root field."""
    cells = cells_of("answer", Reading())
    selector.charge(_BEFOREHAND.get(type(reads), ROOT))
    expression = _planned(selector, reads, definition, nodes, cells)
    parts = [cell for cell in cells.reading.cells if isinstance(cell, Part)]
    name = f"plan {nodes[0].name.value}"
    plan = RootPlan(selector, expression, NamedQuery(compile_query(parts), name) if parts else "")
    for later in selector.later:
        later.compile(f"{name} later")
    if selector.found and parts and not selector.later and (few := compile_query_of_few(parts)) is not None:
        plan.cypher_of_few = NamedQuery(few, f"{name} of few")
    if isinstance(reads, RootPage) and not selector.found and (until := compile_until(parts)) is not None:
        plan.until = replace(
            until,
            in_order=None if until.in_order is None else NamedQuery(until.in_order, f"{name} end"),
            in_any=None if until.in_any is None else NamedQuery(until.in_any, f"{name} end"),
            query=NamedQuery(until.query, f"{name} until"),
        )
    match reads:
        case RootComputed(ask):
            plan.ask = ask
        case RootWatched(ask):
            plan.ask, plan.is_watched = ask, True
        case RootWorked(work):
            plan.work = work
            plan.named = names_in(parts)
        case RootEvents(teller):
            plan.teller = teller
            plan.named = names_in(parts)
        case RootRanked() as spec:
            plan.rank = spec
    return plan


def _planned(
    selector: Selector, reads: object, definition: GraphQLField, nodes: Sequence[FieldNode], cells: Cells
) -> Expression:
    """Add what a root field reads to the query's cells; gives what is made of it."""
    match reads:
        case RootOne(traversal, filled):
            number, _ = selector.occurrence(definition, nodes[0])
            given = {fill.parameter: selector.slot(number, fill.value) for fill in filled}
            part = Part(traversal, "one", arguments=given)
            return one_row(selector, part, object_type(definition.type), definition, nodes, cells)
        case RootAll(traversal):
            part = Part(traversal, "all")
            rows, row = cells.add(part), cells_of_each(selector.row_name(), part.reading)
            with selector.unpaged(definition.type):
                return each(row, rows, selector.row(object_type(definition.type), nodes, row))
        case RootPage(traversal):
            return connection(selector, traversal, definition, nodes, cells)
        case RootNode(by_type):
            return node_by_id(selector, by_type, definition, nodes, cells)
        case RootNodes(by_type):
            return nodes_by_ids(selector, by_type, definition, nodes, cells)
        case RootIdentified() as spec:
            return identified(selector, spec, definition, nodes, cells)
        case RootRanked(by_type):
            return ranked(selector, by_type, definition, nodes, cells)
        case RootComputed() | RootWorked() | RootEvents() | RootWatched():
            selector.occurrence(definition, nodes[0])
            item = selector.row_name()
            with selector.unpaged(definition.type):
                made = selector.item(object_type(definition.type), nodes, item, cells)
            return objects(definition.type, "data", item, made)
        case other:
            raise TypeError(f"{nodes[0].name.value} reads {other!r}, which is no root")


def find_in_journeys(plan: RootPlan, journeys: Journeys, given: Parameters) -> None:
    """Fill the parameters that hold ids found in all journeys: few as lists, to be sought; many to be looked up in."""
    found = {
        slot.name: slot.read(given.arguments[slot.occurrence], journeys, given.clock) for slot in plan.selector.found
    }
    few = plan.cypher_of_few is not None and all(len(ids) <= MOST_SOUGHT for ids in found.values())
    given.update(found if few else {name: dict.fromkeys(ids, True) for name, ids in found.items()})


async def computed(reader: Reader, question: Question) -> Answer:
    """Ask the question of a computed root field."""
    return Answer([], Parameters(), question.fold(await reader.read(question.cypher, **question.parameters)))


async def page_ranked(plan: RootPlan, reader: Reader, arguments: Arguments, parameters: Parameters) -> Answer:
    """Rank what a root field asks for, then read what is on the page."""
    assert plan.rank is not None
    ranking = await plan.rank.rank(reader, arguments, plan.selector.role)
    page: RankedPage = page_of_ranking(ranking, arguments)
    row: Row = []
    if plan.cypher:
        row = (await reader.read(plan.query(parameters), **with_keys(page, list(plan.rank.by_type), parameters)))[0]
    return Answer(row, parameters, page)


async def worked(plan: RootPlan, bench: Bench, arguments: Arguments, parameters: Parameters) -> Answer:
    """Work a root field out, then read what its answer names by key."""
    assert plan.work is not None
    answer = await plan.work(bench, arguments)
    row = await read_named(bench.store, plan.query(parameters), plan.named, parameters, [answer])
    return Answer(row, parameters, answer)


async def know_later(plan: RootPlan, bench: Bench, answer: Answer) -> None:
    """Work out what of an answer is only known once its rows were read."""
    await work_out(plan.selector.later, bench, bench.store, answer.given, lambda: plan.walked(answer))


async def told(
    plan: RootPlan, reader: Reader, events: Sequence[Mapping[str, Any]], parameters: Parameters
) -> list[Answer]:
    """The answers of events: what they name by key is read by one query for all."""
    row = await read_named(reader, plan.query(parameters), plan.named, parameters, events)
    return [Answer(row, parameters, event) for event in events]
