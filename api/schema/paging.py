"""Connections: pages of lists that can be walked both ways, after Relay's specification."""

from __future__ import annotations

from typing import Generic, TypeVar

import strawberry

from api.plan.fields import described, entry

T = TypeVar("T")


@strawberry.interface(description="Anything that has a global id.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque id; the same as long as the thing exists.")


@described
class PageInfo:
    """Where a page stands within its list."""

    has_next_page: bool = entry("Whether more follows; with `before`, that there was one.")
    has_previous_page: bool = entry("Whether more precedes; with `after`, that there was one.")
    start_cursor: str | None = entry("Cursor of the first item.")
    end_cursor: str | None = entry("Cursor of the last item.")


@described
class Edge(Generic[T]):
    """An item of a page and its cursor."""

    cursor: str = strawberry.field(description="Pass it as `after` or `before`; it belongs to this order only.")
    node: T = strawberry.field(description="The item.")


@described
class Connection(Generic[T]):
    """A page of a list."""

    edges: list[Edge[T]] = strawberry.field(description="The items with their cursors.")
    nodes: list[T] = strawberry.field(description="The items.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int | None = strawberry.field(
        description="How many items the whole list has; counted only when asked."
    )
