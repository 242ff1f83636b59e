"""Connections: one page of a list, with cursors, page info and the count of the whole, each only when asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, GraphQLField, GraphQLObjectType

from api.plan.cost import COUNT
from api.plan.cursor import cursor_writer, decode_cursor, order_hash
from api.plan.errors import bad_input
from api.plan.filters import plain
from api.plan.rows import Arguments, Row, Size, object_type
from api.plan.shape import Cells, Expression, called, cells_of_each, each, leaf
from graph.reading import AllOf, Column, Compare, Page, Part, Predicate, SortKey, Traversal

if TYPE_CHECKING:
    from api.plan.select import Selector

DEFAULT_PAGE = 20
LARGEST_PAGE = 100


def connection(
    selector: Selector,
    traversal: Traversal,
    definition: GraphQLField,
    nodes: Sequence[FieldNode],
    cells: Cells,
    narrowed: Sequence[tuple[str, Column]] = (),
) -> Expression:
    """Read a connection with these cells; gives the object that is made of it."""
    number, arguments = selector.occurrence(definition, nodes[0])
    where = _narrowed(selector, number, arguments, narrowed, selector.filter(number, definition, arguments))
    type_ = object_type(definition.type)
    names = {found[0].name.value for found in selector.collect(type_, nodes).values()}
    page = count = None
    outer = selector.within
    selector.charge(1)
    if "totalCount" in names:
        selector.charge(COUNT)
    if names & {"nodes", "edges", "pageInfo"}:
        page = _page_of_rows(selector, traversal, number, arguments, type_, nodes, cells, where)
        selector.within = len(selector.sizes) - 1
    if "totalCount" in names:
        count = leaf(type_.fields["totalCount"].type, cells.add(Part(traversal, "count", where=where)))

    def value(found: list[FieldNode]) -> Expression:
        if found[0].name.value == "totalCount":
            assert count is not None
            return count
        assert page is not None
        return page.value(object_type(type_.fields[found[0].name.value].type), found)

    made = selector.record(type_, nodes, value)
    selector.within = outer
    return made


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
    selector: Selector, traversal: Traversal, number: int, arguments: Arguments, subject: str, *, spare: bool
) -> tuple[Page, str]:
    """The page that the arguments ask for, and the hash of its order; with `spare` a row more, if there is one."""
    orders = [(plain(order["field"]), plain(order["direction"]) == "DESC") for order in arguments.get("orderBy") or ()]
    keys = traversal.keys(orders)
    hashed = order_hash(subject, keys)
    backward = arguments.get("last") is not None or (
        arguments.get("before") is not None and arguments.get("first") is None
    )
    limit = selector.slot(number, lambda current: page_size(current) + spare)
    argument = "before" if backward else "after"
    after: tuple[str, ...] | None = None
    if arguments.get(argument) is not None:
        after = tuple(_cursor_slots(selector, number, argument, hashed, keys))
    size = arguments.get("last") if backward else arguments.get("first")
    most = DEFAULT_PAGE if (size or DEFAULT_PAGE) <= DEFAULT_PAGE else LARGEST_PAGE
    single = orders[0] if len(orders) == 1 else None
    order, descending = single or ((traversal.order, traversal.descending) if not orders else (None, False))
    selector.sizes.append(Size(limit, selector.within, int(spare)))
    return Page(keys, limit, most, after, backward, order, descending, spare), hashed


def _cursor_slots(selector: Selector, number: int, argument: str, order: str, keys: Sequence[SortKey]) -> list[str]:
    def at(position: int) -> Callable[[Arguments], Any]:
        return lambda current: decode_cursor(current[argument], order, keys, argument)[position]

    return [selector.slot(number, at(position)) for position in range(len(keys))]


def page_size(arguments: Arguments, default: int = DEFAULT_PAGE, largest: int = LARGEST_PAGE) -> int:
    """How many rows a page may have; raises a GraphQL error when the paging arguments contradict each other."""
    first, last = arguments.get("first"), arguments.get("last")
    after, before = arguments.get("after"), arguments.get("before")
    if first is not None and last is not None:
        raise bad_input("Give `first` or `last`, not both.")
    if (after is not None and before is not None) or (first is not None and before) or (last is not None and after):
        raise bad_input("`after` goes with `first`, `before` with `last`.")
    given = first if first is not None else last
    size = default if given is None else int(given)
    if not 1 <= size <= largest:
        raise bad_input(f"`{'first' if last is None else 'last'}` must be between 1 and {largest}; it is {size}.")
    return size


@dataclass(frozen=True, slots=True)
class _PageOfRows:
    """A page that is read: `rows` is the text of its rows, `row` the cells of each."""

    selector: Selector
    page: Page
    order: str
    rows: str
    row: Cells

    def value(self, type_: GraphQLObjectType, nodes: list[FieldNode]) -> Expression:
        """The page's `nodes`, `edges` or `pageInfo`, whose objects have this type."""
        match nodes[0].name.value:
            case "nodes":
                return each(self.row, self._on_page(), self.selector.row(type_, nodes, self.row))
            case "edges":
                return each(self.row, self._on_page(), self._edge(type_, nodes))
            case _:
                return self.selector.record(type_, nodes, self._info)

    def _on_page(self) -> str:
        shown = f"{self.rows}[:given[{self.page.limit!r}] - 1]" if self.page.spare else self.rows
        return f"{shown}[::-1]" if self.page.backward else shown

    def _edge(self, type_: GraphQLObjectType, nodes: list[FieldNode]) -> Expression:
        def value(found: list[FieldNode]) -> Expression:
            if found[0].name.value == "cursor":
                values = ", ".join(self.row.add(key.column) for key in self.page.keys)
                return called(cursor_writer(self.order), f"({values},)")
            return self.selector.row(object_type(type_.fields["node"].type), found, self.row)

        return self.selector.record(type_, nodes, value)

    def _info(self, found: list[FieldNode]) -> Expression:
        backward, had = self.page.backward, repr(self.page.after is not None)
        more = f"(len({self.rows}) >= given[{self.page.limit!r}])"
        match found[0].name.value:
            case "hasNextPage":
                return lambda _: had if backward else more
            case "hasPreviousPage":
                return lambda _: more if backward else had
            case name:
                at = [self.row.reading.add(key.column) for key in self.page.keys]
                write, position = cursor_writer(self.order), 0 if name == "startCursor" else -1

                def cursor(rows: Sequence[Row]) -> str | None:
                    return write([rows[position][place] for place in at]) if rows else None

                return called(cursor, self._on_page())


def _page_of_rows(
    selector: Selector,
    traversal: Traversal,
    number: int,
    arguments: Arguments,
    type_: GraphQLObjectType,
    nodes: Sequence[FieldNode],
    cells: Cells,
    where: Predicate | None,
) -> _PageOfRows:
    spare = _asks_for_more(selector, type_, nodes)
    page, order = page_of(selector, traversal, number, arguments, type_.name, spare=spare)
    part = Part(traversal, "page", where=where, page=page)
    return _PageOfRows(selector, page, order, cells.add(part), cells_of_each(selector.row_name(), part.reading))


def _asks_for_more(selector: Selector, type_: GraphQLObjectType, nodes: Sequence[FieldNode]) -> bool:
    """Whether it is asked if there are rows beyond the page: otherwise none is read to know it."""
    info = object_type(type_.fields["pageInfo"].type)
    return any(
        below[0].name.value in ("hasNextPage", "hasPreviousPage")
        for found in selector.collect(type_, nodes).values()
        if found[0].name.value == "pageInfo"
        for below in selector.collect(info, found).values()
    )
