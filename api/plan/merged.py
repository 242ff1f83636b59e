"""One list over several types: each type's page by the same sort keys, merged, because one page may hold them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLObjectType

from api.plan.connection import page_of
from api.plan.cost import COUNT
from api.plan.cursor import cursor_writer
from api.plan.rows import Row, object_type
from api.plan.select import Selector
from api.plan.shape import Cells, Expression, called, cells_of, function, leaf
from graph.reading import Page, Part, Traversal


@dataclass(frozen=True, slots=True)
class _Member:
    """One type of the list: where its rows have the sort values."""

    type_: GraphQLObjectType
    cells: Cells
    cursor_at: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Found:
    """A row of the merged list, and which of the members it is of."""

    sort_values: tuple[tuple[bool, Any], ...]
    member: int
    row: Row


@dataclass(frozen=True, slots=True)
class _MergedPage:
    """What is on the page, and what is around it."""

    found: Sequence[_Found]
    more: bool
    total: int | None
    start: str | None
    end: str | None


@dataclass(slots=True)
class _Merging:
    """A merged connection on its way to be planned."""

    selector: Selector
    page: Page
    members: list[_Member]
    write_cursor: Callable[[Sequence[Any]], str]

    def value(self, type_: GraphQLObjectType, page: str, found: list[FieldNode]) -> Expression:
        """A field of the connection, of a merged page that the text knows by this name."""
        name = found[0].name.value
        definition = type_.fields[name].type
        match name:
            case "nodes":
                return self._listed(page, lambda one: self._node(one, found))
            case "edges":
                edge = object_type(definition)
                return self._listed(page, lambda one: self._edge(edge, one, found))
            case "pageInfo":
                return self.selector.record(object_type(definition), found, lambda inner: self._info(page, inner))
            case _:
                return leaf(definition, f"{page}.total")

    def merge(self, answer: Row, limit: int) -> _MergedPage:
        """The page of all members' rows together."""
        backward = self.page.backward
        found = [
            _Found(tuple(_sortable(row[position]) for position in member.cursor_at), number, row)
            for number, (member, rows) in enumerate(zip(self.members, answer, strict=False))
            for row in rows
        ]
        found.sort(key=lambda one: one.sort_values, reverse=backward)
        on_page = found[: limit - 1][::-1] if backward else found[: limit - 1]
        counts = answer[len(self.members) :]
        return _MergedPage(
            on_page,
            len(found) >= limit,
            sum(counts) if counts else None,
            self.cursor(on_page[0]) if on_page else None,
            self.cursor(on_page[-1]) if on_page else None,
        )

    def cursor(self, found: _Found) -> str:
        """The cursor of a row of the list."""
        return self.write_cursor([found.row[position] for position in self.members[found.member].cursor_at])

    def _listed(self, page: str, made: Callable[[str], Expression]) -> Expression:
        one = self.selector.row_name()
        item = made(one)
        return lambda writer: f"[{item(writer)} for {one} in {page}.found]"

    def _node(self, one: str, nodes: list[FieldNode]) -> Expression:
        """Each member makes its own object of a row."""
        makers = [
            function(member.cells.name, self.selector.row(member.type_, nodes, member.cells)) for member in self.members
        ]
        return lambda writer: f"({', '.join(maker(writer) for maker in makers)},)[{one}.member]({one}.row)"

    def _edge(self, type_: GraphQLObjectType, one: str, nodes: list[FieldNode]) -> Expression:
        return self.selector.record(
            type_,
            nodes,
            lambda found: called(self.cursor, one) if found[0].name.value == "cursor" else self._node(one, found),
        )

    def _info(self, page: str, found: list[FieldNode]) -> Expression:
        had, backward = repr(self.page.after is not None), self.page.backward
        known = {
            "hasNextPage": had if backward else f"{page}.more",
            "hasPreviousPage": f"{page}.more" if backward else had,
            "startCursor": f"{page}.start",
            "endCursor": f"{page}.end",
        }
        return lambda _: known[found[0].name.value]


def merged(
    selector: Selector,
    by_type: Mapping[str, Traversal],
    arguments: Mapping[str, str],
    number: int,
    given: Mapping[str, Any],
    definition: GraphQLField,
    nodes: Sequence[FieldNode],
    cells: Cells,
) -> Expression:
    """Read a connection over several types with these cells; gives the object that is made of their answers."""
    type_ = object_type(definition.type)
    page, order = page_of(selector, next(iter(by_type.values())), number, dict(given), type_.name)
    counted = any(found[0].name.value == "totalCount" for found in selector.collect(type_, nodes).values())
    selector.charge(1 + (COUNT if counted else 0))
    outer, selector.within = selector.within, len(selector.sizes) - 1
    members = [_member(selector, name, traversal, page, arguments, cells) for name, traversal in by_type.items()]
    merging = _Merging(selector, page, members, cursor_writer(order))
    name = selector.row_name()
    made = selector.record(type_, nodes, lambda found: merging.value(type_, name, found))
    selector.within = outer
    if counted:
        for traversal in by_type.values():
            cells.add(Part(traversal, "count", arguments=arguments))
    on_page = called(merging.merge, "answer", f"given[{page.limit!r}]")
    return lambda writer: f"({function(name, made)(writer)})({on_page(writer)})"


def _member(
    selector: Selector,
    typename: str,
    traversal: Traversal,
    page: Page,
    arguments: Mapping[str, str],
    cells: Cells,
) -> _Member:
    part = Part(traversal, "page", page=page, arguments=arguments)
    cells.add(part)
    type_ = selector.schema.get_type(typename)
    assert isinstance(type_, GraphQLObjectType)
    cursor_at = [part.reading.add(key.column) for key in page.keys]
    return _Member(type_, cells_of(selector.row_name(), part.reading), cursor_at)


def _sortable(value: Any) -> tuple[bool, Any]:
    """Values sort by value, and those that are missing last."""
    return (value is None, "" if value is None else value)
