"""Scalars: instants in UTC, days, and JSON."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, NewType

import strawberry
from graphql import GraphQLError

from api.plan.shape import as_it_is

JSON = NewType("JSON", object)
"""Any JSON value, given as it is."""


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise GraphQLError(f"{value!r} is not a moment; write it as 2026-05-31T14:00:00Z.") from None
    if moment.tzinfo is None:
        raise GraphQLError(f"{value!r} has no offset; write UTC as 2026-05-31T14:00:00Z.")
    return moment.astimezone(UTC)


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise GraphQLError(f"{value!r} is not a day; write it as 2026-05-31.") from None


SCALARS: dict[object, Any] = {
    # Serialised as they are: the encoder of the response writes them, which costs a third of doing it here.
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment in UTC, e.g. `2026-05-31T14:00:00Z`.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
        serialize=as_it_is,
        parse_value=_moment,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day, e.g. `2026-05-31`.",
        specified_by_url="https://scalars.graphql.org/andimarek/local-date.html",
        serialize=as_it_is,
        parse_value=_day,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        serialize=as_it_is,
        parse_value=lambda value: value,
    ),
}
