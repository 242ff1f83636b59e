"""What a root field reads: each becomes one Cypher query, in a session of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLObjectType, GraphQLSchema

from api.plan.clock import Clock
from api.plan.connection import connection
from api.plan.errors import bad_input, coded
from api.plan.filters import plain
from api.plan.ids import decode_id, encode_id
from api.plan.merged import merged
from api.plan.rows import Arguments, ItemPick, Parameters, Pick, Row, object_type
from api.plan.select import Selector, items_shaped
from graph.reading import Column, Part, Reading, Traversal, compile_query
from graph.rules import Rules
from graph.store.driver import Store

MOST_IDS = 100
MOST_OWNERS = 20


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
    """A connection; `moments` fills the traversal's parameters from the moment of the request."""

    traversal: Traversal
    moments: Mapping[str, Callable[[Clock], Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RootNode:
    """A node of any type by its global id; `by_type` says how a type's nodes are found by their keys."""

    by_type: Mapping[str, Traversal]


@dataclass(frozen=True, slots=True)
class RootNodes:
    """Nodes of any type by their global ids, in the order of the ids, null where there is none."""

    by_type: Mapping[str, Traversal]


@dataclass(frozen=True, slots=True)
class RootIdentified:
    """The one owner of an identifier; several owners are an error that names them."""

    ways: Mapping[str, tuple[Traversal, Callable[[Any], str]]]
    argument: str
    typename: str


@dataclass(frozen=True, slots=True)
class RootMerged:
    """A connection over several types, each with a traversal of the same sort keys, merged by them."""

    by_type: Mapping[str, Traversal]
    filled: tuple[Filled, ...]
    types_argument: str


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
    """What an answer is worked out with: the store, the company's rules, and who asks."""

    store: Store
    rules: Rules
    viewer: str


@dataclass(frozen=True, slots=True)
class RootWorked:
    """An answer that is worked out over the store, which it may change; what it names by key is read afterwards."""

    work: Callable[[Bench, Arguments], Awaitable[Mapping[str, Any]]]


@dataclass(slots=True)
class RootPlan:
    """One root field, planned: its query, how parameters are filled, and how its row becomes the answer."""

    selector: Selector
    shape: Pick
    parts: list[Part] = field(default_factory=list)
    ask: Callable[[Arguments], Question] | None = None
    work: Callable[[Bench, Arguments], Awaitable[Mapping[str, Any]]] | None = None
    shape_item: ItemPick | None = None
    cypher: str = ""
    nothing: Any = None


def plan_root(selector: Selector, reads: object, definition: GraphQLField, nodes: Sequence[FieldNode]) -> RootPlan:
    """Plan one root field."""
    plan = _planned(selector, reads, definition, nodes)
    plan.cypher = compile_query(plan.parts) if plan.parts else ""
    return plan


def _planned(selector: Selector, reads: object, definition: GraphQLField, nodes: Sequence[FieldNode]) -> RootPlan:
    match reads:
        case RootOne(traversal, filled):
            return _one(selector, traversal, filled, definition, nodes)
        case RootAll(traversal):
            part = Part(traversal, "all")
            shape = selector.row(object_type(definition.type), nodes, part.reading)
            return RootPlan(selector, lambda row, given: [shape(item, given) for item in row[0]], [part])
        case RootPage(traversal, moments):
            given = {name: selector.clock_slot(read) for name, read in moments.items()}
            parts, shaped = connection(selector, traversal, definition, nodes, arguments=given)
            return RootPlan(selector, shaped, parts, nothing={})
        case RootNode(by_type):
            return _node(selector, by_type, definition, nodes)
        case RootNodes(by_type):
            return _nodes(selector, by_type, definition, nodes)
        case RootIdentified() as spec:
            return _identified(selector, spec, definition, nodes)
        case RootMerged() as spec:
            return _over_types(selector, spec, definition, nodes)
        case RootComputed(ask):
            selector.occurrence(definition, nodes[0])
            shape_item = selector.item(object_type(definition.type), nodes, Reading())
            return RootPlan(selector, lambda row, _: row, ask=ask, shape_item=shape_item)
        case RootWorked(work):
            selector.occurrence(definition, nodes[0])
            reading = Reading()
            shape_item = selector.item(object_type(definition.type), nodes, reading)
            parts = [cell for cell in reading.cells if isinstance(cell, Part)]
            return RootPlan(selector, lambda row, _: row, parts, work=work, shape_item=shape_item)
        case other:
            raise TypeError(f"{nodes[0].name.value} reads {other!r}, which is no root")


def computed(plan: RootPlan, question: Question, rows: list[Row]) -> Any:
    """The answer of a computed root field."""
    assert plan.shape_item is not None
    return items_shaped(question.fold(rows), plan.shape_item, [], Parameters())


async def worked(plan: RootPlan, bench: Bench, arguments: Arguments, parameters: Parameters) -> Any:
    """Work a root field out, then read what its answer names by key."""
    assert plan.work is not None
    assert plan.shape_item is not None
    answer = await plan.work(bench, arguments)
    row: Row = []
    if plan.parts:
        named = {name for part in plan.parts for name in part.arguments.values()}
        keys = {name: answer.get(name) or [] for name in named}
        lists = {name: key if isinstance(key, list) else [key] for name, key in keys.items()}
        row = (await bench.store.read(plan.cypher, **parameters, **lists))[0]
    return items_shaped(answer, plan.shape_item, row, parameters)


def _one(
    selector: Selector,
    traversal: Traversal,
    filled: Sequence[Filled],
    definition: GraphQLField,
    nodes: Sequence[FieldNode],
) -> RootPlan:
    number, _ = selector.occurrence(definition, nodes[0])
    arguments = {fill.parameter: selector.slot(number, fill.value) for fill in filled}
    part = Part(traversal, "one", arguments=arguments)
    shape = selector.row(object_type(definition.type), nodes, part.reading)
    return RootPlan(selector, lambda row, given: None if row[0] is None else shape(row[0], given), [part])


def _node(
    selector: Selector, by_type: Mapping[str, Traversal], definition: GraphQLField, nodes: Sequence[FieldNode]
) -> RootPlan:
    number, given = selector.occurrence(definition, nodes[0])
    typename, _ = decode_id(given["id"])
    _expect_type(typename, by_type)
    ids = selector.slot(number, lambda current: [decode_id(current["id"])[1]])
    part = Part(by_type[typename], "one", arguments={"ids": ids})
    shape = selector.row(_concrete(selector.schema, typename), nodes, part.reading)
    return RootPlan(selector, lambda row, given: None if row[0] is None else shape(row[0], given), [part])


def _nodes(
    selector: Selector, by_type: Mapping[str, Traversal], definition: GraphQLField, nodes: Sequence[FieldNode]
) -> RootPlan:
    number, given = selector.occurrence(definition, nodes[0])
    typenames = sorted({decode_id(text)[0] for text in given["ids"]})
    parts: list[Part] = []
    shapes: list[tuple[int, Pick]] = []
    for typename in typenames:
        _expect_type(typename, by_type)
        traversal = by_type[typename]
        part = Part(traversal, "all", arguments={"ids": selector.slot(number, _ids_of(typename))})
        key_at = part.reading.add(traversal.unique[0])
        shapes.append((key_at, selector.row(_concrete(selector.schema, typename), nodes, part.reading)))
        parts.append(part)
    wanted = selector.slot(number, _all_ids)

    def shape(row: Row, given: Parameters) -> list[Any]:
        found: dict[tuple[str, str], Any] = {}
        for typename, (key_at, shape_row), answer in zip(typenames, shapes, row, strict=True):
            found.update({(typename, item[key_at]): shape_row(item, given) for item in answer})
        return [found.get(decode_id(text)) for text in given[wanted]]

    return RootPlan(selector, shape, parts, nothing=[])


def _all_ids(current: Arguments) -> list[str]:
    if len(current["ids"]) > MOST_IDS:
        raise bad_input(f"`ids` may hold at most {MOST_IDS} ids; there are {len(current['ids'])}.")
    return list(current["ids"])


def _ids_of(typename: str) -> Callable[[Arguments], list[str]]:
    return lambda current: sorted(
        {key for text in current["ids"] for name, key in [decode_id(text)] if name == typename}
    )


def _expect_type(typename: str, by_type: Mapping[str, Traversal]) -> None:
    if typename not in by_type:
        raise bad_input(f"There are no nodes of type {typename!r}. Known: {', '.join(sorted(by_type))}.")


def _identified(
    selector: Selector, spec: RootIdentified, definition: GraphQLField, nodes: Sequence[FieldNode]
) -> RootPlan:
    number, given = selector.occurrence(definition, nodes[0])
    (way,) = given[spec.argument]
    traversal, identifier = spec.ways[way]
    key = selector.slot(number, lambda current: identifier(current[spec.argument][way]))
    part = Part(traversal, "all", arguments={"key": key})
    id_at = part.reading.add(Column("id", nullable=False))
    shape_row = selector.row(object_type(definition.type), nodes, part.reading)

    def shape(row: Row, given: Parameters) -> Any:
        owners = row[0]
        if len(owners) > 1:
            ids = [encode_id(spec.typename, owner[id_at]) for owner in owners]
            raise coded(
                "AMBIGUOUS_IDENTIFIER",
                f"{len(ids)} customers share this identifier. Ask for one of them by id: see extensions.customerIds.",
                customerIds=ids[:MOST_OWNERS],
                customerCount=len(ids),
            )
        return shape_row(owners[0], given) if owners else None

    return RootPlan(selector, shape, [part])


def _over_types(selector: Selector, spec: RootMerged, definition: GraphQLField, nodes: Sequence[FieldNode]) -> RootPlan:
    number, given = selector.occurrence(definition, nodes[0])
    arguments = {fill.parameter: selector.slot(number, fill.value) for fill in spec.filled}
    chosen = [plain(name) for name in given.get(spec.types_argument) or spec.by_type]
    by_type = {name: traversal for name, traversal in spec.by_type.items() if name in chosen}
    parts, shape = merged(selector, by_type, arguments, number, given, definition, nodes)
    return RootPlan(selector, shape, parts, nothing={})


def _concrete(schema: GraphQLSchema, typename: str) -> GraphQLObjectType:
    type_ = schema.get_type(typename)
    assert isinstance(type_, GraphQLObjectType)
    return type_
