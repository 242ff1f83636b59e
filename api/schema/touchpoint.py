"""Touchpoints: named places where customers meet the company."""

from __future__ import annotations

import strawberry

from api.plan.fields import column, described, identity
from api.schema.enums import BusinessFunction, Channel
from api.schema.paging import Node


@described
class Touchpoint(Node):
    """A named place where customers meet the company, e.g. a ticket reply by e-mail; many interactions happen there."""

    id: strawberry.ID = identity("key")
    key: str = column("Its key in rules.toml.")
    name: str = column("Its name.")
    function: BusinessFunction | None = column("The function that owns it.")
    channel: Channel | None = column("The channel it is on.")
    is_moment_of_truth: bool = column("Whether much depends on it.", "moment_of_truth", default=False)
