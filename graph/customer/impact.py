"""What it would change to say that the two records of a review are one person, as their customers show it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.records import ConsentStatus


@dataclass(frozen=True, slots=True)
class Side:
    """A customer that one of the records describes today."""

    id: str
    people: int
    """How many records of persons describe it: the customer with more of them keeps its id."""
    interactions: int
    consents: str | None
    """What holds, as the customer keeps it (JSON)."""


@dataclass(frozen=True, slots=True)
class Impact:
    """What would change; nothing where the two are one customer already."""

    customers: int = 0
    interactions: int = 0
    consents: int = 0


def impact_of(sides: Sequence[Side]) -> Impact:
    """What it would change to make these customers one. A merge never widens a consent: what refuses wins."""
    if len(sides) < 2:
        return Impact()
    kept = min(sides, key=lambda side: (-side.people, side.id))
    said: dict[tuple[str, str], set[str]] = defaultdict(set)
    for side in sides:
        for consent in json.loads(side.consents or "[]"):
            said[consent["channel"], consent["purpose"]].add(consent["status"])
    return Impact(
        customers=len(sides),
        interactions=sum(side.interactions for side in sides if side is not kept),
        consents=sum(len(statuses) > 1 and ConsentStatus.GRANTED in statuses for statuses in said.values()),
    )
