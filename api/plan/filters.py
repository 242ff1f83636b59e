"""Filters: input types whose fields say which property they compare, and predicates made of them.

The structure of a predicate follows from which keys a filter has; the values are parameters. So one plan serves all
values, and `find_value` reads them again for each request.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, dataclass_transform

import strawberry
from graphql import GraphQLInputObjectType, GraphQLInputType, get_named_type
from strawberry.types.field import StrawberryField

from api.plan.clock import Clock
from api.plan.errors import bad_input
from graph.reading import AllOf, Among, AnyOf, Column, Compare, Exists, Not, Predicate, Traversal

COMPARES = "c360.compares"
MOST_CONDITIONS = 200
MOST_NESTED = 12
"""Levels of objects in a filter; a comparison is one."""
T = TypeVar("T")
Path = tuple[str | int, ...]
Convert = Callable[[Any], Any]
Find = Callable[[list[str], Any, Clock], list[str]]
"""The ids that texts of a filter mean, by all journeys (`graph/journeys`) and the moment of the request."""
Operator = Literal["=", "<>", "IN", "NOT IN", ">=", ">", "<", "<=", "HAS ANY", "STARTS WITH", "CONTAINS", "IS NULL"]

OPERATORS: Mapping[str, Operator] = {
    "eq": "=",
    "in": "IN",
    "notIn": "NOT IN",
    "gte": ">=",
    "gt": ">",
    "lt": "<",
    "lte": "<=",
    "startsWith": "STARTS WITH",
    "contains": "CONTAINS",
    "isNull": "IS NULL",
}
LIST_OPERATORS: Mapping[str, Operator] = {"in": "HAS ANY"}


@dataclass(frozen=True, slots=True)
class Asking:
    """Names query parameters: for the value at a path of the filter, and for what follows from the clock."""

    value: Callable[[Path, Convert | None], str]
    moment: Callable[[Callable[[Clock], Any]], str]
    ids: Callable[[Path, Find], str]


@dataclass(frozen=True, slots=True)
class Means:
    """The filter's field is about a closed set whose members `predicate` knows how to tell; `eq` and `in` only."""

    predicate: Callable[[str, Asking], Predicate]


@dataclass(frozen=True, slots=True)
class Follows:
    """Who fits follows from all journeys: `find` gives the ids that the texts of `eq` or `in` mean."""

    column: Column
    find: Find


@dataclass(frozen=True, slots=True)
class Compares:
    """The property a filter's field compares; `listed` when the property is a list."""

    column: Column
    listed: bool = False
    convert: Convert | None = None


@dataclass(frozen=True, slots=True)
class Relates:
    """The rows that the filter's field is about, seen from the row that is filtered."""

    traversal: Traversal
    column: Column | None = None
    convert: Convert | None = None


def where(description: str, name: str, *, listed: bool = False, convert: Convert | None = None) -> Any:
    """A filter's field that compares the property `name`."""
    return _field(description, Compares(Column(name), listed, convert))


def where_some(
    description: str, traversal: Traversal, column: Column | None = None, convert: Convert | None = None
) -> Any:
    """A filter's field about related rows: an object of `some` and `none`, or the value of one column of any row."""
    return _field(description, Relates(traversal, column, convert))


def where_means(description: str, predicate: Callable[[str, Asking], Predicate]) -> Any:
    """A filter's field about a closed set that is not a property: each member has a predicate of its own."""
    return _field(description, Means(predicate))


def where_follows(description: str, column: Column, find: Find) -> Any:
    """A filter's field about what follows from all journeys: the rows whose `column` is among the ids found."""
    return _field(description, Follows(column, find))


def option(description: str, name: str | None = None) -> Any:
    """A field of an input that may be left out."""
    return strawberry.field(default=strawberry.UNSET, description=description, name=name)


@dataclass_transform(kw_only_default=True)
def described_input(cls: type[T]) -> type[T]:
    """A GraphQL input type whose description is its docstring."""
    return strawberry.input(cls, description=inspect.cleandoc(cls.__doc__ or ""))


@dataclass_transform(kw_only_default=True)
def one_of(cls: type[T]) -> type[T]:
    """A GraphQL input type of which exactly one field is given."""
    return strawberry.input(cls, description=inspect.cleandoc(cls.__doc__ or ""), one_of=True)


def check_size(given: Mapping[str, Any]) -> None:
    """Raise a GraphQL error for a filter that no store would take: too deep, or of too many conditions."""
    conditions = 0
    level: list[Any] = [given]
    for _ in range(MOST_NESTED):
        conditions += sum(len(item) for item in level)
        if conditions > MOST_CONDITIONS:
            raise bad_input(f"A filter may have at most {MOST_CONDITIONS} conditions.")
        level = [found for item in level for found in _within(item)]
        if not level:
            return
    raise bad_input(f"A filter may be at most {MOST_NESTED} levels deep.")


def _within(given: Mapping[str, Any]) -> list[Any]:
    """The objects in a filter's object, those in lists among them."""
    found = [item for value in given.values() for item in (value if isinstance(value, list) else [value])]
    return [item for item in found if isinstance(item, Mapping)]


def predicate(type_: GraphQLInputType, given: Mapping[str, Any], path: Path, asking: Asking) -> Predicate:
    """The predicate of a filter."""
    input_type = get_named_type(type_)
    assert isinstance(input_type, GraphQLInputObjectType)
    found: list[Predicate] = []
    for name, value in given.items():
        if value is None:
            continue
        here = (*path, name)
        field = input_type.fields[name]
        match name:
            case "and" | "or":
                inner = [predicate(field.type, item, (*here, i), asking) for i, item in enumerate(value)]
                found.append(AllOf(tuple(inner)) if name == "and" else AnyOf(tuple(inner)))
            case "not":
                found.append(Not(predicate(field.type, value, here, asking)))
            case _:
                definition = field.extensions["strawberry-definition"]
                assert isinstance(definition, StrawberryField)
                found.append(_leaf(definition.metadata[COMPARES], field.type, value, here, asking))
    return AllOf(tuple(found))


def find_value(arguments: Mapping[str, Any], path: Path) -> Any:
    """The value that stands at a path of a field's arguments."""
    value: Any = arguments
    for step in path:
        value = value[step]
    return value


def _leaf(
    spec: Compares | Relates | Means | Follows,
    type_: GraphQLInputType,
    value: Any,
    path: Path,
    asking: Asking,
) -> Predicate:
    if isinstance(spec, Means):
        return AllOf(
            tuple(
                AnyOf(tuple(spec.predicate(plain(member), asking) for member in wanted))
                for wanted in ([value["eq"]] if value.get("eq") else None, _each_once(value.get("in")))
                if wanted is not None
            )
        )
    if isinstance(spec, Follows):
        given = [name for name in ("eq", "in") if value.get(name) is not None]
        return AllOf(tuple(Among(spec.column, asking.ids((*path, name), spec.find)) for name in given))
    if isinstance(spec, Compares):
        return _comparisons(spec, value, path, asking)
    if spec.column is not None:
        return Exists(spec.traversal, _comparisons(Compares(spec.column, convert=spec.convert), value, path, asking))
    input_type = get_named_type(type_)
    assert isinstance(input_type, GraphQLInputObjectType)
    found: list[Predicate] = []
    for name in ("some", "none"):
        if value.get(name) is not None:
            inner = predicate(input_type.fields[name].type, value[name], (*path, name), asking)
            exists = Exists(spec.traversal, inner)
            found.append(exists if name == "some" else Not(exists))
    return AllOf(tuple(found))


def _each_once(members: Sequence[Any] | None) -> list[Any] | None:
    return None if members is None else list(dict.fromkeys(members))


def _comparisons(spec: Compares, value: Any, path: Path, asking: Asking) -> Predicate:
    if not isinstance(value, Mapping):
        return Compare(spec.column, "=", asking.value(path, spec.convert))
    operators = LIST_OPERATORS if spec.listed else OPERATORS
    return AllOf(
        tuple(
            Compare(spec.column, operators[name], asking.value((*path, name), spec.convert))
            for name, operand in value.items()
            if operand is not None
        )
    )


def _field(description: str, spec: object) -> Any:
    return strawberry.field(default=strawberry.UNSET, description=description, metadata={COMPARES: spec})


def plain(value: Any) -> Any:
    """A filter's value as the store takes it: enum members by their value, lists element by element."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return getattr(value, "value", value)
