"""One list over several types, ranked by how well its items fit what was asked.

The list is worked out first, as keys in their order; then the rows of the page are read by their keys, with one query
for all types. A cursor holds the place of an item in the order, so that a page goes on there whatever comes or goes.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson
from graphql import FieldNode, GraphQLField, GraphQLObjectType

from api.plan.connection import page_size
from api.plan.cost import COUNT
from api.plan.errors import bad_input
from api.plan.rows import Arguments, Parameters, Row, Size, object_type
from api.plan.select import Selector
from api.plan.shape import Cells, Expression, called, cells_of, function, leaf, objects
from graph.reading import Column, Part, Traversal

Place = tuple[float, str, str]


@dataclass(frozen=True, slots=True)
class Ranked:
    """An item of the list: what it is, its key, how well it fits, and its place in the order."""

    typename: str
    key: str
    score: float
    place: Place


@dataclass(frozen=True, slots=True)
class Ranking:
    """The whole list in its order, and what tells why an item is in it, of the values of its `shown` columns."""

    items: Sequence[Ranked]
    why: Callable[[str, Sequence[Any]], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Member:
    """One type of the list: how its rows are had from `$ids`, and the columns by which one sees why they fit."""

    traversal: Traversal
    shown: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class RankedPage:
    """What is on the page, and what is around it."""

    items: Sequence[Ranked]
    total: int
    has_next: bool
    has_previous: bool
    why: Callable[[str, Sequence[Any]], list[dict[str, Any]]]

    def keys_of(self, typename: str) -> list[str]:
        """The keys of the page's items of a type."""
        return [item.key for item in self.items if item.typename == typename]


def page_of_ranking(ranking: Ranking, arguments: Arguments) -> RankedPage:
    """The page that the arguments ask for; raises a GraphQL error where they contradict each other."""
    size = page_size(arguments)
    after, before = arguments.get("after"), arguments.get("before")
    backward = arguments.get("last") is not None or (before is not None and arguments.get("first") is None)
    items = ranking.items
    if backward:
        beyond = _place(before, "before") if before is not None else None
        reached = [item for item in items if beyond is None or item.place < beyond]
        page = reached[-size:]
        return RankedPage(page, len(items), beyond is not None, len(reached) > size, ranking.why)
    beyond = _place(after, "after") if after is not None else None
    reached = list(islice((item for item in items if beyond is None or item.place > beyond), size + 1))
    return RankedPage(reached[:size], len(items), len(reached) > size, beyond is not None, ranking.why)


def ranked(
    selector: Selector,
    by_type: Mapping[str, Member],
    definition: GraphQLField,
    nodes: Sequence[FieldNode],
    cells: Cells,
) -> Expression:
    """Read the rows of a page's items with these cells; gives the connection that is made of them and of the page."""
    number, _ = selector.occurrence(definition, nodes[0])
    type_ = object_type(definition.type)
    selector.charge(1 + COUNT)  # whether it is counted or not: the whole list is ranked
    outer = selector.within
    selector.sizes.append(Size(selector.slot(number, page_size), outer))
    selector.within = len(selector.sizes) - 1
    members: dict[str, _Rows] = {}
    if any(found[0].name.value in ("nodes", "edges") for found in selector.collect(type_, nodes).values()):
        members = {name: _rows(selector, name, member, cells) for name, member in by_type.items()}
    page = _Page(selector, members, selector.row_name())
    made = selector.record(type_, nodes, lambda found: page.value(type_, found))
    selector.within = outer
    return made


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of one type: the cells of each, where its key stands, and where its shown columns."""

    type_: GraphQLObjectType
    cells: Cells
    key_at: int
    shown: tuple[Column, ...]


@dataclass(slots=True)
class _Page:
    """A ranked connection on its way to be planned; `one` names an item with its row."""

    selector: Selector
    members: Mapping[str, _Rows]
    one: str

    def value(self, type_: GraphQLObjectType, found: list[FieldNode]) -> Expression:
        """A field of the connection."""
        definition = type_.fields[found[0].name.value].type
        match found[0].name.value:
            case "nodes":
                return self._listed(self._node(found))
            case "edges":
                edge = object_type(definition)
                return self._listed(self.selector.record(edge, found, lambda inner: self._edge(edge, inner)))
            case "pageInfo":
                return self.selector.record(object_type(definition), found, _info)
            case _:
                return leaf(definition, "data.total")

    def _listed(self, made: Expression) -> Expression:
        members = list(self.members.values())
        names = list(self.members)

        def pair(page: RankedPage, answer: Row) -> list[tuple[Ranked, int, Row]]:
            rows = {
                (name, row[member.key_at]): (number, row)
                for number, (name, member) in enumerate(zip(names, members, strict=True))
                for row in answer[number]
            }
            # What went between the two readings is not there any more.
            return [(item, *rows[item.typename, item.key]) for item in page.items if (item.typename, item.key) in rows]

        pairs = called(pair, "data", "answer")
        return lambda writer: f"[{made(writer)} for {self.one} in {pairs(writer)}]"

    def _node(self, nodes: list[FieldNode]) -> Expression:
        """Each member makes its own object of a row."""
        makers = [
            function(member.cells.name, self.selector.row(member.type_, nodes, member.cells))
            for member in self.members.values()
        ]
        return lambda writer: f"({', '.join(maker(writer) for maker in makers)},)[{self.one}[1]]({self.one}[2])"

    def _edge(self, type_: GraphQLObjectType, found: list[FieldNode]) -> Expression:
        definition = type_.fields[found[0].name.value].type
        match found[0].name.value:
            case "cursor":
                return called(_cursor, f"{self.one}[0]")
            case "score":
                return leaf(definition, f"{self.one}[0].score")
            case "node":
                return self._node(found)
            case _:
                return self._why(type_, found)

    def _why(self, type_: GraphQLObjectType, found: list[FieldNode]) -> Expression:
        names = list(self.members)
        at = [[member.cells.reading.add(column) for column in member.shown] for member in self.members.values()]

        def why(page: RankedPage, one: tuple[Ranked, int, Row]) -> list[dict[str, Any]]:
            _, number, row = one
            return page.why(names[number], [row[place] for place in at[number]])

        definition = type_.fields[found[0].name.value].type
        item, member = self.selector.row_name(), next(iter(self.members.values()))
        with self.selector.unpaged(definition):
            made = self.selector.item(object_type(definition), found, item, member.cells)
        return objects(definition, called(why, "data", self.one), item, made)


def _info(found: list[FieldNode]) -> Expression:
    match found[0].name.value:
        case "hasNextPage":
            return lambda _: "data.has_next"
        case "hasPreviousPage":
            return lambda _: "data.has_previous"
        case name:
            position = 0 if name == "startCursor" else -1
            return called(lambda page: _cursor(page.items[position]) if page.items else None, "data")


def _rows(selector: Selector, typename: str, member: Member, cells: Cells) -> _Rows:
    part = Part(member.traversal, "all", arguments={"ids": keys_parameter(typename)})
    cells.add(part)
    type_ = selector.schema.get_type(typename)
    assert isinstance(type_, GraphQLObjectType)
    key_at = part.reading.add(Column("id", nullable=False))
    return _Rows(type_, cells_of(selector.row_name(), part.reading), key_at, member.shown)


def keys_parameter(typename: str) -> str:
    """The query parameter that holds the keys of a page's items of a type."""
    return f"keys{typename}"


def with_keys(page: RankedPage, typenames: Sequence[str], parameters: Parameters) -> dict[str, Any]:
    """The query's parameters with the keys of the page's items."""
    return {**parameters, **{keys_parameter(name): page.keys_of(name) for name in typenames}}


_MARK = "ranked"


def _cursor(item: Ranked) -> str:
    return urlsafe_b64encode(orjson.dumps([_MARK, *item.place])).decode().rstrip("=")


def _place(text: str, argument: str) -> Place:
    try:
        parts = orjson.loads(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
    except ValueError:
        parts = None
    match parts:
        case [str(mark), int() | float() as fit, str(name), str(key)] if mark == _MARK:
            return float(fit), name, key
        case [str(), *_]:
            raise bad_input(
                f"`{argument}` is a cursor of another list or of another order. "
                "Keep what is asked while you page, or begin again without a cursor."
            )
        case _:
            raise bad_input(f"`{argument}` is not a cursor. Pass the `cursor` of an edge, or `endCursor` of a page.")
