"""Connections: one page of a list, with cursors, page info and the count of the whole, each only when asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, GraphQLField, GraphQLObjectType

from api.plan.cursor import decode_cursor, encode_cursor, order_hash
from api.plan.errors import bad_input
from api.plan.filters import plain
from api.plan.rows import Arguments, Parameters, Pick, Row, Size, object_type
from graph.reading import AllOf, Column, Compare, Page, Part, Predicate, Reading, SortKey, Traversal

if TYPE_CHECKING:
    from api.plan.select import Selector

DEFAULT_PAGE = 20
LARGEST_PAGE = 100
Shape = Callable[[Sequence[Any], Parameters], Any]


def connection(
    selector: Selector,
    traversal: Traversal,
    definition: GraphQLField,
    nodes: Sequence[FieldNode],
    narrowed: Sequence[tuple[str, Column]] = (),
    **more: Any,
) -> tuple[list[Part], Shape]:
    """The parts of a connection, and the function that makes it of their answers."""
    number, arguments = selector.occurrence(definition, nodes[0])
    where = _narrowed(selector, number, arguments, narrowed, selector.filter(number, definition, arguments))
    wanted = selector.collect(object_type(definition.type), nodes)
    names = {found[0].name.value for found in wanted.values()}
    parts: list[Part] = []
    shapes: list[tuple[str, Shape]] = []
    if names & {"nodes", "edges", "pageInfo"}:
        part, rows = _page_of_rows(selector, traversal, number, arguments, definition, wanted, where, more)
        parts.append(part)
        shapes += rows
    if "totalCount" in names:
        position = len(parts)
        parts.append(Part(traversal, "count", where=where, **more))
        for key, found in wanted.items():
            if found[0].name.value == "totalCount":
                shapes.append((key, lambda answers, _: answers[position]))
    return parts, lambda answers, parameters: {key: shape(answers, parameters) for key, shape in shapes}


def _narrowed(
    selector: Selector,
    number: int,
    arguments: Arguments,
    narrowed: Sequence[tuple[str, Column]],
    where: Predicate | None,
) -> Predicate | None:
    given = [(name, column) for name, column in narrowed if arguments.get(name) is not None]
    if not given:
        return where
    equal = tuple(
        Compare(column, "=", selector.slot(number, lambda current, name=name: plain(current[name])))  # type: ignore[misc]
        for name, column in given
    )
    return AllOf(equal if where is None else (*equal, where))


def page_of(
    selector: Selector, traversal: Traversal, number: int, arguments: Arguments, subject: str
) -> tuple[Page, str]:
    """The page that the arguments ask for, and the hash of its order."""
    orders = [(plain(order["field"]), plain(order["direction"]) == "DESC") for order in arguments.get("orderBy") or ()]
    keys = traversal.keys(orders)
    hashed = order_hash(subject, keys)
    backward = arguments.get("last") is not None or (
        arguments.get("before") is not None and arguments.get("first") is None
    )
    limit = selector.slot(number, lambda current: page_size(current) + 1)
    argument = "before" if backward else "after"
    after: tuple[str, ...] | None = None
    if arguments.get(argument) is not None:
        after = tuple(_cursor_slots(selector, number, argument, hashed, keys))
    size = arguments.get("last") if backward else arguments.get("first")
    most = DEFAULT_PAGE if (size or DEFAULT_PAGE) <= DEFAULT_PAGE else LARGEST_PAGE
    single = orders[0] if len(orders) == 1 else None
    order, descending = single or ((traversal.order, traversal.descending) if not orders else (None, False))
    selector.sizes.append(Size(limit, selector.within))
    return Page(keys, limit, most, after, backward, order, descending), hashed


def _cursor_slots(selector: Selector, number: int, argument: str, order: str, keys: Sequence[SortKey]) -> list[str]:
    def at(position: int) -> Callable[[Arguments], Any]:
        return lambda current: decode_cursor(current[argument], order, keys, argument)[position]

    return [selector.slot(number, at(position)) for position in range(len(keys))]


def page_size(arguments: Arguments) -> int:
    """How many rows a page may have; raises a GraphQL error when the paging arguments contradict each other."""
    first, last = arguments.get("first"), arguments.get("last")
    after, before = arguments.get("after"), arguments.get("before")
    if first is not None and last is not None:
        raise bad_input("Give `first` or `last`, not both.")
    if (after is not None and before is not None) or (first is not None and before) or (last is not None and after):
        raise bad_input("`after` goes with `first`, `before` with `last`.")
    given = first if first is not None else last
    size = DEFAULT_PAGE if given is None else int(given)
    if not 1 <= size <= LARGEST_PAGE:
        raise bad_input(f"`{'first' if last is None else 'last'}` must be between 1 and {LARGEST_PAGE}; it is {size}.")
    return size


def _page_of_rows(
    selector: Selector,
    traversal: Traversal,
    number: int,
    arguments: Arguments,
    definition: GraphQLField,
    wanted: Mapping[str, list[FieldNode]],
    where: Predicate | None,
    more: Mapping[str, Any],
) -> tuple[Part, list[tuple[str, Shape]]]:
    type_ = object_type(definition.type)
    page, order = page_of(selector, traversal, number, arguments, type_.name)
    reading = Reading()
    cursor_at = [reading.add(key.column) for key in page.keys]
    outer, selector.within = selector.within, len(selector.sizes) - 1
    part = Part(traversal, "page", reading, where, page, **more)

    def cursor(row: Row, _: Parameters) -> str:
        return encode_cursor(order, [row[position] for position in cursor_at])

    def on_page(answer: list[Row], parameters: Parameters) -> list[Row]:
        rows = answer[: parameters[page.limit] - 1]
        return rows[::-1] if page.backward else rows

    def listed(pick: Pick) -> Shape:
        return lambda answers, parameters: [pick(row, parameters) for row in on_page(answers[0], parameters)]

    def info(keys: Mapping[str, list[FieldNode]]) -> Shape:
        def shape(answers: Sequence[Any], parameters: Parameters) -> dict[str, Any]:
            rows = on_page(answers[0], parameters)
            more_rows, had = len(answers[0]) >= parameters[page.limit], page.after is not None
            known = {
                "hasNextPage": had if page.backward else more_rows,
                "hasPreviousPage": more_rows if page.backward else had,
                "startCursor": cursor(rows[0], parameters) if rows else None,
                "endCursor": cursor(rows[-1], parameters) if rows else None,
            }
            return {key: known.get(found[0].name.value) for key, found in keys.items()}

        return shape

    shapes: list[tuple[str, Shape]] = []
    for key, found in wanted.items():
        field_type = object_type(type_.fields[found[0].name.value].type) if found[0].selection_set else None
        match found[0].name.value:
            case "nodes":
                assert field_type is not None
                shapes.append((key, listed(selector.row(field_type, found, reading))))
            case "edges":
                assert field_type is not None
                shapes.append((key, listed(_edge(selector, field_type, found, reading, cursor))))
            case "pageInfo":
                assert field_type is not None
                shapes.append((key, info(selector.collect(field_type, found))))
    selector.within = outer
    return part, shapes


def _edge(
    selector: Selector, type_: GraphQLObjectType, nodes: Sequence[FieldNode], reading: Reading, cursor: Pick
) -> Pick:
    picks: list[tuple[str, Pick]] = []
    for key, found in selector.collect(type_, nodes).items():
        if found[0].name.value == "node":
            picks.append((key, selector.row(object_type(type_.fields["node"].type), found, reading)))
        elif found[0].name.value == "cursor":
            picks.append((key, cursor))
    return lambda row, parameters: {key: pick(row, parameters) for key, pick in picks}
