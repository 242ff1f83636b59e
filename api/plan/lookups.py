"""Root fields that look rows up: nodes by their global ids, an owner by an identifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLObjectType, GraphQLSchema

from api.plan.errors import bad_input, coded
from api.plan.fields import ReadsId
from api.plan.ids import decode_id, encode_id
from api.plan.rows import Arguments, Row, Size, object_type
from api.plan.select import Selector
from api.plan.select import reads as declared
from api.plan.shape import Cells, Expression, called, cells_of, function, present
from graph.reading import Column, Part, Traversal

MOST_IDS = 100
MOST_OWNERS = 20


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


def one_row(
    selector: Selector,
    part: Part,
    type_: GraphQLObjectType,
    definition: GraphQLField,
    nodes: Sequence[FieldNode],
    cells: Cells,
) -> Expression:
    """The row of a part, or null."""
    row = cells.add(part)
    made = selector.row(type_, nodes, cells_of(row, part.reading))
    return present(definition.type, f"{row} is not None", made)


def node_by_id(
    selector: Selector,
    by_type: Mapping[str, Traversal],
    definition: GraphQLField,
    nodes: Sequence[FieldNode],
    cells: Cells,
) -> Expression:
    """A node of any type."""
    number, given = selector.occurrence(definition, nodes[0])
    typename, _ = decode_id(given["id"])
    _expect_type(typename, by_type)
    ids = selector.slot(number, lambda current: [decode_id(current["id"])[1]])
    part = Part(by_type[typename], "one", arguments={"ids": ids})
    return one_row(selector, part, _concrete(selector.schema, typename), definition, nodes, cells)


def nodes_by_ids(
    selector: Selector,
    by_type: Mapping[str, Traversal],
    definition: GraphQLField,
    nodes: Sequence[FieldNode],
    cells: Cells,
) -> Expression:
    """Nodes of any type, in the order of their ids."""
    number, given = selector.occurrence(definition, nodes[0])
    typenames = sorted({decode_id(text)[0] for text in given["ids"]})
    # Each id is an item, as of a page: what is selected of it is multiplied.
    selector.sizes.append(Size(selector.slot(number, lambda current: len(current["ids"])), None))
    selector.within = len(selector.sizes) - 1
    keys_at: list[int] = []
    makers: list[Expression] = []
    for typename in typenames:
        _expect_type(typename, by_type)
        type_ = _concrete(selector.schema, typename)
        identity = declared(type_.fields["id"])
        assert isinstance(identity, ReadsId)
        part = Part(by_type[typename], "all", arguments={"ids": selector.slot(number, _ids_of(typename))})
        cells.add(part)
        keys_at.append(part.reading.add(identity.column))
        row = cells_of(selector.row_name(), part.reading)
        makers.append(function(row.name, selector.row(type_, nodes, row)))
    selector.within = None
    wanted = selector.slot(number, _all_ids)

    def in_order(answer: Row, ids: Sequence[str], *makers: Callable[[Row], Any]) -> list[Any]:
        found = {
            (typename, row[key_at]): make(row)
            for typename, key_at, rows, make in zip(typenames, keys_at, answer, makers, strict=True)
            for row in rows
        }
        return [found.get(decode_id(text)) for text in ids]

    return called(in_order, "answer", f"given[{wanted!r}]", *makers)


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


def identified(
    selector: Selector, spec: RootIdentified, definition: GraphQLField, nodes: Sequence[FieldNode], cells: Cells
) -> Expression:
    """The one owner of an identifier."""
    number, given = selector.occurrence(definition, nodes[0])
    (way,) = given[spec.argument]
    traversal, identifier = spec.ways[way]
    key = selector.slot(number, lambda current: identifier(current[spec.argument][way]))
    part = Part(traversal, "all", arguments={"key": key})
    id_at = part.reading.add(Column("id", nullable=False))
    row = cells_of(selector.row_name(), part.reading)
    made = selector.row(object_type(definition.type), nodes, row)

    def only(owners: Sequence[Row], make: Callable[[Row], Any]) -> Any:
        if len(owners) > 1:
            ids = [encode_id(spec.typename, owner[id_at]) for owner in owners]
            raise coded(
                "AMBIGUOUS_IDENTIFIER",
                f"{len(ids)} customers share this identifier. Ask for one of them by id: see extensions.customerIds.",
                customerIds=ids[:MOST_OWNERS],
                customerCount=len(ids),
            )
        return make(owners[0]) if owners else None

    return called(only, cells.add(part), function(row.name, made))


def _concrete(schema: GraphQLSchema, typename: str) -> GraphQLObjectType:
    type_ = schema.get_type(typename)
    assert isinstance(type_, GraphQLObjectType)
    return type_
