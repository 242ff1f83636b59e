"""What is read of the graph: declared traversals, and what is wanted of them.

A `Traversal` says in Cypher how one gets from a row to its children; it is declared once, beside the subject it
belongs to. A `Part` is a traversal as it is wanted now: which cells of each row, filtered how, which page of them.
`graph/query.py` makes one query out of such a tree.

In the Cypher of a traversal `this` is the row it starts from and the first of `variables` the row it arrives at. In
a column `this` is the row itself, `parent` the row before it, and any other name a variable of the traversal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Column:
    """One property of a row; without a name, the variable itself. `instant` is read as epoch milliseconds."""

    name: str
    variable: str = "this"
    instant: bool = False
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Walk:
    """The cheap way along a chain: from either end, or on from the row of a cursor, in the chain's own order.

    `order` is the order the chain has when walked from `newest` (descending) or from `oldest` (ascending); `way` is
    the list of the steps of such a walk. `sought` finds the row of the cursor by its id, `$at`; in the patterns after
    it that row is `at`, and `{steps}` stands for the quantifier.
    """

    order: str
    newest: str
    oldest: str
    sought: str
    belongs: str
    backwards_from: str
    forwards_from: str


@dataclass(frozen=True, slots=True)
class Traversal:
    """How one gets from a row to others, the orders they can have, and what tells them apart.

    `match` ends where a WHERE may follow. `orders` name the columns to sort by; the columns of `unique` are always
    added, so that every order is total.
    """

    match: str
    variables: tuple[str, ...] = ("item",)
    where: str | None = None
    unique: tuple[Column, ...] = (Column("id", "item", nullable=False),)
    orders: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)
    order: str | None = None
    descending: bool = False
    parameters: tuple[str, ...] = ()
    walk: Walk | None = None
    indexed: tuple[Column, ...] = ()
    """Columns whose index the store can walk: a page in their order need not sort all rows. Those that are not
    nullable are texts."""
    shown: Mapping[str, str] = field(default_factory=dict)
    """More names for columns: what follows from a row's variables, worked out for the rows of the page alone."""

    def keys(self, orders: Sequence[tuple[str, bool]]) -> tuple[SortKey, ...]:
        """The sort keys of these orders (name, descending), made total; without any, the traversal's own order."""
        wanted = orders or ([(self.order, self.descending)] if self.order else [])
        keys: dict[Column, SortKey] = {}
        for name, descending in wanted:
            for column in self.orders[name]:
                keys.setdefault(column, SortKey(column, descending))
        last = wanted[0][1] if wanted else self.descending
        for column in self.unique:
            keys.setdefault(column, SortKey(column, last))
        enough = max(list(keys).index(column) for column in self.unique) + 1  # beyond it nothing is left to sort
        return tuple(keys.values())[:enough]


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column to sort by; rows without a value come last in either direction."""

    column: Column
    descending: bool


@dataclass(frozen=True, slots=True)
class Compare:
    """A column against a query parameter."""

    column: Column
    operator: Literal["=", "<>", "IN", "NOT IN", ">=", ">", "<", "<=", "HAS ANY", "STARTS WITH", "CONTAINS", "IS NULL"]
    parameter: str = ""


@dataclass(frozen=True, slots=True)
class Among:
    """The column is one of the parameter's texts: a map of them to true, of few a list (`compile_query_of_few`)."""

    column: Column
    parameter: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of these hold; none at all is true."""

    predicates: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of these holds; none at all is false."""

    predicates: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The predicate does not hold, or cannot be known."""

    predicate: Predicate


@dataclass(frozen=True, slots=True)
class Exists:
    """The traversal arrives at a row for which the predicate holds."""

    traversal: Traversal
    predicate: Predicate


Predicate = Compare | Among | AllOf | AnyOf | Not | Exists


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of an order are wanted; names are query parameters.

    `after` holds the sort values of the row after which (in reading direction) the page begins; `backward` reads
    from the end. `most` bounds how many rows the page will have. With `spare` one more is read, which says whether
    there are others: `limit` counts it.
    """

    keys: tuple[SortKey, ...]
    limit: str
    most: int
    after: tuple[str, ...] | None = None
    backward: bool = False
    order: str | None = None
    descending: bool = False
    spare: bool = True
    until: str | None = None
    """A value of the first key after which the page has no row, where one is known: see `compile_until`."""


@dataclass(slots=True)
class Reading:
    """What to read of one row: its cells, in the order they were asked for; the same cell is read once."""

    cells: list[Column | Part] = field(default_factory=list)

    def add(self, cell: Column | Part) -> int:
        """The position of the cell within the row."""
        if isinstance(cell, Column) and cell in self.cells:
            return self.cells.index(cell)
        self.cells.append(cell)
        return len(self.cells) - 1


@dataclass(slots=True, eq=False)
class Part:
    """A traversal as it is wanted now: one row, all rows, a page of them, or how many there are."""

    traversal: Traversal
    mode: Literal["one", "all", "page", "count"]
    reading: Reading = field(default_factory=Reading)
    where: Predicate | None = None
    page: Page | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)
