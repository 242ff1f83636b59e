"""One list over several types: each type's page by the same sort keys, merged, because one page may hold them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLObjectType

from api.plan.connection import page_of
from api.plan.cursor import encode_cursor
from api.plan.rows import Parameters, Pick, Row, object_type
from api.plan.select import Selector
from graph.reading import Page, Part, Traversal


@dataclass(frozen=True, slots=True)
class _Member:
    """One type of the list: where its rows have the sort values, and how they are shaped."""

    part: Part
    cursor_at: Sequence[int]
    picks: Mapping[str, Pick]


@dataclass(frozen=True, slots=True)
class _Found:
    """A row of the merged list."""

    sort_values: tuple[tuple[bool, Any], ...]
    member: _Member
    row: Row


@dataclass(frozen=True, slots=True)
class _MergedPage:
    """What is on the page, and what is around it."""

    found: Sequence[_Found]
    more: bool
    total: int | None


_Shape = Callable[[_MergedPage, Parameters], Any]


@dataclass(slots=True)
class _Merging:
    """A merged connection on its way to be planned."""

    selector: Selector
    connection: GraphQLObjectType
    page: Page
    order: str
    members: list[_Member] = field(default_factory=list)

    def cursor(self, found: _Found) -> str:
        return encode_cursor(self.order, [found.row[position] for position in found.member.cursor_at])


def merged(
    selector: Selector,
    by_type: Mapping[str, Traversal],
    arguments: Mapping[str, str],
    number: int,
    given: Mapping[str, Any],
    definition: GraphQLField,
    nodes: Sequence[FieldNode],
) -> tuple[list[Part], Pick]:
    """The parts of a connection over several types, and the function that makes it of their answers."""
    connection = object_type(definition.type)
    wanted = selector.collect(connection, nodes)
    page, order = page_of(selector, next(iter(by_type.values())), number, dict(given), connection.name)
    outer, selector.within = selector.within, len(selector.sizes) - 1
    merging = _Merging(selector, connection, page, order)
    merging.members = [_member(merging, name, traversal, wanted, arguments) for name, traversal in by_type.items()]
    shapes = [(key, _shape(merging, key, found)) for key, found in wanted.items() if found[0].name.value[:2] != "__"]
    selector.within = outer
    parts = [member.part for member in merging.members]
    counts = any(found[0].name.value == "totalCount" for found in wanted.values())
    if counts:
        parts += [Part(traversal, "count", arguments=arguments) for traversal in by_type.values()]

    def shape(row: Row, parameters: Parameters) -> dict[str, Any]:
        on_page = _merge(merging, row, parameters[page.limit] - 1)
        return {key: shape(on_page, parameters) for key, shape in shapes}

    return parts, shape


def _member(
    merging: _Merging,
    typename: str,
    traversal: Traversal,
    wanted: Mapping[str, list[FieldNode]],
    arguments: Mapping[str, str],
) -> _Member:
    part = Part(traversal, "page", page=merging.page, arguments=arguments)
    cursor_at = [part.reading.add(key.column) for key in merging.page.keys]
    type_ = merging.selector.schema.get_type(typename)
    assert isinstance(type_, GraphQLObjectType)
    picks: dict[str, Pick] = {}
    for key, found in wanted.items():
        if found[0].name.value == "nodes":
            picks[key] = merging.selector.row(type_, found, part.reading)
        elif found[0].name.value == "edges":
            edge = object_type(merging.connection.fields["edges"].type)
            for inner, inner_nodes in merging.selector.collect(edge, found).items():
                if inner_nodes[0].name.value == "node":
                    picks[f"{key}.{inner}"] = merging.selector.row(type_, inner_nodes, part.reading)
    return _Member(part, cursor_at, picks)


def _merge(merging: _Merging, row: Row, limit: int) -> _MergedPage:
    members, backward = merging.members, merging.page.backward
    found = [
        _Found(tuple(_sortable(item[position]) for position in member.cursor_at), member, item)
        for member, answer in zip(members, row, strict=False)
        for item in answer
    ]
    found.sort(key=lambda one: one.sort_values, reverse=backward)
    kept = found[:limit]
    counts = row[len(members) :]
    return _MergedPage(kept[::-1] if backward else kept, len(found) > limit, sum(counts) if counts else None)


def _shape(merging: _Merging, key: str, nodes: list[FieldNode]) -> _Shape:
    match nodes[0].name.value:
        case "nodes":
            return lambda page, parameters: [one.member.picks[key](one.row, parameters) for one in page.found]
        case "edges":
            return _edges(merging, key, nodes)
        case "pageInfo":
            return _info(merging, nodes)
        case _:
            return lambda page, _: page.total


def _edges(merging: _Merging, key: str, nodes: list[FieldNode]) -> _Shape:
    edge = object_type(merging.connection.fields["edges"].type)
    names = {inner: found[0].name.value for inner, found in merging.selector.collect(edge, nodes).items()}

    def shape(page: _MergedPage, parameters: Parameters) -> list[dict[str, Any]]:
        return [
            {
                inner: merging.cursor(one)
                if name == "cursor"
                else one.member.picks[f"{key}.{inner}"](one.row, parameters)
                for inner, name in names.items()
                if name in ("cursor", "node")
            }
            for one in page.found
        ]

    return shape


def _info(merging: _Merging, nodes: list[FieldNode]) -> _Shape:
    type_ = object_type(merging.connection.fields["pageInfo"].type)
    names = {inner: found[0].name.value for inner, found in merging.selector.collect(type_, nodes).items()}
    had, backward = merging.page.after is not None, merging.page.backward

    def shape(page: _MergedPage, _: Parameters) -> dict[str, Any]:
        known = {
            "hasNextPage": had if backward else page.more,
            "hasPreviousPage": page.more if backward else had,
            "startCursor": merging.cursor(page.found[0]) if page.found else None,
            "endCursor": merging.cursor(page.found[-1]) if page.found else None,
        }
        return {inner: known.get(name) for inner, name in names.items()}

    return shape


def _sortable(value: Any) -> tuple[bool, Any]:
    """Values sort by value, and those that are missing last."""
    return (value is None, "" if value is None else value)
