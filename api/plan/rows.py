"""The words that planning is written in: rows, picks, parameters and their slots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLObjectType, GraphQLOutputType, get_named_type

from api.plan.clock import Clock

TYPENAME = "\x00type"
"""The key of a shaped row under which its type stands; no response key can be that."""

Row = list[Any]


Arguments = dict[str, Any]


class Parameters(dict[str, Any]):
    """The parameters of a query, the moment they are for, and the arguments of each occurrence of a field."""

    clock: Clock = Clock()
    arguments: Sequence[Arguments] = ()
    journeys: Any = None
    """All journeys (`graph/journeys`), where the answer needs them."""
    later: Any = ()
    """What is worked out once rows were read (`api/plan/later.py`), by its place among them."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A query parameter and how its value is had from the arguments of an occurrence of a field."""

    name: str
    occurrence: int
    read: Callable[[Arguments], Any]


@dataclass(frozen=True, slots=True)
class ClockSlot:
    """A query parameter that follows from the moment of the request."""

    name: str
    read: Callable[[Clock], Any]


@dataclass(frozen=True, slots=True)
class JourneySlot:
    """A query parameter that holds ids which follow from all journeys, the moment and the arguments of a field."""

    name: str
    occurrence: int
    read: Callable[[Arguments, Any, Clock], list[str]]


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows a page can hold, and the page within which it stands: the cost is the product.

    `spare` are rows of the parameter's that the page does not show.
    """

    parameter: str
    within: int | None
    spare: int = 0


def object_type(type_: GraphQLOutputType) -> GraphQLObjectType:
    """The object type within lists and non-nulls."""
    named = get_named_type(type_)
    assert isinstance(named, GraphQLObjectType), named
    return named
