"""A field is one line: what it reads is declared beside its type, and planned from there.

Each function here makes a Strawberry field without a resolver; what it reads stands in the field's metadata, where
`select` finds it. Nothing is read when graphql-core walks the answer: every field's value is in the planned rows.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar, dataclass_transform

import orjson
import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from api.plan.clock import Clock
from api.plan.later import Work
from graph.reading import Column, Traversal

READS = "c360.reads"
"""The key under which a field's metadata says what it reads."""

Convert = Callable[[Any], Any]
Json = Any
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReadsColumn:
    """One property of the row, converted from what the store holds."""

    column: Column
    convert: Convert | None = None
    default: Any = None


@dataclass(frozen=True, slots=True)
class ReadsMoment:
    """A value that follows from several properties of the row and the moment of the request."""

    columns: tuple[Column, ...]
    compute: Callable[[Sequence[Any], Clock], Any]


@dataclass(frozen=True, slots=True)
class ReadsId:
    """The opaque global id: the type's name and one property of the row."""

    column: Column


@dataclass(frozen=True, slots=True)
class ReadsOne:
    """The first row that a traversal arrives at, or null."""

    traversal: Traversal


@dataclass(frozen=True, slots=True)
class ReadsSelf:
    """An object made of properties of the same row; null when it has none of the columns `present`."""

    present: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadsAll:
    """Every row that a traversal arrives at; only where few are to be expected. `value` reads one column of each."""

    traversal: Traversal
    value: Column | None = None
    convert: Convert | None = None
    typename: str | None = None


@dataclass(frozen=True, slots=True)
class ReadsFolded:
    """What follows from `columns` of every row that a traversal arrives at; `fold` makes of it what sub-fields read."""

    traversal: Traversal
    columns: tuple[Column, ...]
    fold: Callable[[list[list[Any]]], Json]


@dataclass(frozen=True, slots=True)
class ReadsCount:
    """How many rows a traversal arrives at."""

    traversal: Traversal


@dataclass(frozen=True, slots=True)
class ReadsPage:
    """A connection: one page of the rows that a traversal arrives at; `narrowed` by what an argument must equal."""

    traversal: Traversal
    narrowed: tuple[tuple[str, Column], ...] = ()


@dataclass(frozen=True, slots=True)
class ReadsDocument:
    """A property that holds JSON; `items` makes of it, and of the field's arguments, what the sub-fields read."""

    column: Column
    items: Callable[[Json, Mapping[str, Any]], Json]
    default: Callable[[], Json] = list


@dataclass(frozen=True, slots=True)
class ReadsKey:
    """One key of a document or of a computed answer."""

    name: str
    convert: Convert | None = None
    default: Any = None


@dataclass(frozen=True, slots=True)
class ReadsBeside:
    """A value that follows from an item of a document and from properties of the row that the document stands in."""

    columns: tuple[Column, ...]
    compute: Callable[[Any, Sequence[Any]], Any]


@dataclass(frozen=True, slots=True)
class ReadsReckoned:
    """What is reckoned from an item of a worked-out answer and the field's arguments, when it is asked for.

    It may take a while: an answer with such a field is put together beside the event loop, never on it.
    """

    reckon: Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class ReadsJourneys:
    """What is reckoned of a row from all journeys: `reckon` takes the column, the journeys, the moment, the arguments.

    It is put together beside the event loop, as what is reckoned from an item is.
    """

    column: Column
    reckon: Callable[[Any, Any, Clock, Any], Any]


@dataclass(frozen=True, slots=True)
class ReadsLater:
    """What is worked out of some columns once the rows were read, for all rows of the answer together."""

    columns: tuple[Column, ...]
    work: Work


@dataclass(frozen=True, slots=True)
class ReadsLookup:
    """Rows that a document names by key, found among the rows that a traversal from the document's row arrives at."""

    traversal: Traversal
    by: str
    key: Column
    many: bool


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a field; `annotation` is its Python type."""

    name: str
    annotation: Any
    description: str
    default: Any = strawberry.UNSET


def column(
    description: str, name: str | None = None, *, of: str = "this", convert: Convert | None = None, default: Any = None
) -> Any:
    """A property of the row; `name` where it differs from the field's, `of` another variable of the traversal."""
    return _named(
        description,
        lambda python_name: ReadsColumn(Column(python_name if name is None else name, of), convert, default),
    )


def instant(description: str, name: str | None = None, *, of: str = "this") -> Any:
    """A moment: read as epoch milliseconds, given as a UTC `datetime`."""
    return _named(
        description,
        lambda python_name: ReadsColumn(
            Column(python_name if name is None else name, of, instant=True), from_milliseconds
        ),
    )


def momentary(description: str, compute: Callable[[Sequence[Any], Clock], Any], *columns: Column) -> Any:
    """A value computed from `columns` and the moment of the request, because it changes with the clock."""
    return _field(description, ReadsMoment(columns, compute))


def identity(name: str = "id", *, of: str = "this") -> Any:
    """The global id of a node whose key is the property `name`, or, without a name, the variable `of` itself."""
    return _field("Opaque id; the same as long as the thing exists.", ReadsId(Column(name, of)))


def one(traversal: Traversal, description: str) -> Any:
    """The row a traversal arrives at."""
    return _field(description, ReadsOne(traversal))


def itself(description: str, *present: Column) -> Any:
    """An object made of properties of the same row; null where all of `present` are."""
    return _field(description, ReadsSelf(present))


def every(traversal: Traversal, description: str) -> Any:
    """All rows a traversal arrives at, as a plain list."""
    return _field(description, ReadsAll(traversal))


def folded(
    traversal: Traversal, columns: Sequence[Column], description: str, *, fold: Callable[[list[list[Any]]], Json]
) -> Any:
    """An answer worked out from all rows a traversal arrives at; its sub-fields are declared with `entry`."""
    return _field(description, ReadsFolded(traversal, tuple(columns), fold))


def counted(traversal: Traversal, description: str) -> Any:
    """How many rows a traversal arrives at; counted only when asked."""
    return _field(description, ReadsCount(traversal))


def values(
    traversal: Traversal, of: Column, description: str, *, convert: Convert | None = None, typename: str | None = None
) -> Any:
    """One property of all rows a traversal arrives at; with `typename`, as global ids of that type."""
    return _field(description, ReadsAll(traversal, of, convert, typename))


def many(
    traversal: Traversal,
    description: str,
    *,
    filter: Any = None,
    order: Any = None,
    narrowed: Sequence[tuple[Argument, Column]] = (),
) -> Any:
    """A connection over the rows a traversal arrives at, paged both ways; an argument may narrow it to one value."""
    reads = ReadsPage(traversal, tuple((argument.name, column) for argument, column in narrowed))
    return _field(description, reads, [*(argument for argument, _ in narrowed), *page_arguments(filter, order)])


def document(
    description: str,
    name: str | None = None,
    *,
    of: str = "this",
    items: Callable[[Json, Mapping[str, Any]], Json] = lambda data, _: data,
    arguments: Sequence[Argument] = (),
    default: Callable[[], Json] = list,
) -> Any:
    """What a JSON property holds; its sub-fields are declared with `entry`."""
    return _named(
        description, lambda n: ReadsDocument(Column(n if name is None else name, of), items, default), arguments
    )


def entry(
    description: str,
    name: str | None = None,
    *,
    convert: Convert | None = None,
    default: Any = None,
    called: str | None = None,
    deprecated: str | None = None,
) -> Any:
    """A key of a document or of a computed answer; `called` so in GraphQL where Python has no such name.

    `deprecated` says what is asked instead, and the day from which on the field may be gone.
    """
    made = _field(
        description, _Named(lambda own: ReadsKey(own if name is None else name, convert, default)), called=called
    )
    made.deprecation_reason = deprecated
    return made


def beside(description: str, compute: Callable[[Any, Sequence[Any]], Any], *columns: Column) -> Any:
    """A value computed from the item and from `columns` of the row whose document it stands in."""
    return _field(description, ReadsBeside(columns, compute))


def reckoned(description: str, reckon: Callable[[Any, Any], Any], arguments: Sequence[Argument] = ()) -> Any:
    """What `reckon` makes of the item and the arguments; its sub-fields are declared with `entry`."""
    return _field(description, ReadsReckoned(reckon), arguments)


def from_journeys(
    description: str,
    reckon: Callable[[Any, Any, Clock, Any], Any],
    arguments: Sequence[Argument] = (),
    *,
    column: str = "id",
) -> Any:
    """What follows of a row from all journeys (`graph/journeys`); its sub-fields are declared with `entry`."""
    return _field(description, ReadsJourneys(Column(column), reckon), arguments)


def later(description: str, work: Work, *columns: Column) -> Any:
    """What `work` answers to the `columns` of all rows of the answer; its sub-fields are declared with `entry`."""
    return _field(description, ReadsLater(columns, work))


def lookup(traversal: Traversal, by: str, description: str, *, key: Column, many: bool = False) -> Any:
    """The rows whose `key` a document gives under `by`."""
    return _field(description, ReadsLookup(traversal, by, key, many))


def page_arguments(filter: Any = None, order: Any = None) -> list[Argument]:
    """The arguments of a connection."""
    arguments: list[Argument] = []
    if filter is not None:
        arguments.append(Argument("filter", filter | None, "Only what fits; what is not said does not matter."))
    if order is not None:
        arguments.append(
            Argument("order_by", list[order] | None, "Sort by the first, then by the next; rows without a value last.")
        )
    return [
        *arguments,
        Argument("first", int | None, "At most so many from the start, 1 to 100; 20 unless said."),
        Argument("after", str | None, "Only what follows this cursor."),
        Argument("last", int | None, "At most so many from the end, 1 to 100; not together with `first`."),
        Argument("before", str | None, "Only what precedes this cursor."),
    ]


def root(description: str, reads: object, arguments: Sequence[Argument] = (), *, deprecated: str | None = None) -> Any:
    """A root field; `reads` is one of the `Root…` declarations of `api.plan.roots`; `deprecated` as of an `entry`."""
    made = _field(description, reads, arguments)
    made.deprecation_reason = deprecated
    return made


@dataclass_transform(kw_only_default=True, field_specifiers=(column, instant, identity, one, every, values, many))
def described(cls: type[T]) -> type[T]:
    """A GraphQL object type whose description is its docstring."""
    return strawberry.type(cls, description=inspect.cleandoc(cls.__doc__ or ""))


def from_milliseconds(milliseconds: int) -> datetime:
    """The UTC instant of epoch milliseconds."""
    if 0 <= milliseconds < _EXACT:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    return _EPOCH + timedelta(milliseconds=milliseconds)


def from_json(text: str) -> Json:
    """What a JSON text holds."""
    return orjson.loads(text)


def from_day(text: str) -> date:
    """The day of `YYYY-MM-DD`."""
    return date.fromisoformat(text)


def from_moment(text: str | int) -> datetime:
    """The UTC instant of an ISO 8601 text, or of epoch milliseconds."""
    if isinstance(text, int):
        return from_milliseconds(text)
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXACT = 4_000_000_000_000
"""Until then, in the year 2096, a float tells seconds to the microsecond, and is read in half the time."""


@dataclass(slots=True)
class _Named:
    """What a field reads once its name is known."""

    make: Callable[[str], object] = field(repr=False)


def _named(description: str, make: Callable[[str], object], arguments: Sequence[Argument] = ()) -> Any:
    return _field(description, _Named(make), arguments)


def _field(description: str, reads: object, arguments: Sequence[Argument] = (), called: str | None = None) -> Any:
    made = strawberry.field(name=called, description=description, metadata={READS: reads})
    assert isinstance(made, StrawberryField)
    if arguments:
        made.arguments = [
            StrawberryArgument(
                python_name=argument.name,
                graphql_name=None,
                type_annotation=StrawberryAnnotation(argument.annotation),
                description=argument.description,
                default=argument.default,
            )
            for argument in arguments
        ]
    return made


def reads_of(definition: StrawberryField) -> object:
    """What a field reads; None where nothing was declared."""
    reads = definition.metadata.get(READS)
    return reads.make(definition.python_name) if isinstance(reads, _Named) else reads
