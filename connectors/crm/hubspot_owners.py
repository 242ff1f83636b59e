"""Who was in charge of a contact or a company before: each change of owner is an interaction.

An object comes with today's owner only. Its history is read apart, and only where there may be a former owner.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from connectors.crm.hubspot_api import CrmObject
from connectors.crm.hubspot_codebook import Codebook
from connectors.moments import parse_instant
from connectors.records import BusinessFunction, Channel, Direction, Interaction, Precision

OWNER = "hubspot_owner_id"
ASSIGNED = "hubspot_owner_assigneddate"
"""When the newest owner was given; that of an object made with its owner is its `createdate`."""
_UTC = ZoneInfo("UTC")
_AT_ONCE = 1.0
"""Seconds within which an owner was given when the object was made."""


def may_have_had_others(one: CrmObject) -> bool:
    """Whether anybody else may have owned it: it was given an owner, and not only when it was made."""
    assigned, created = one.said(ASSIGNED), one.said("createdate")
    if assigned is None:
        return one.said(OWNER) is not None
    if assigned == created:
        return False
    given, made = parse_instant(assigned, _UTC), parse_instant(created or "", _UTC)
    return given is None or made is None or abs((given - made).total_seconds()) > _AT_ONCE


def owner_changes(
    source: str,
    stream: str,
    one: CrmObject,
    book: Codebook,
    *,
    person: str | None = None,
    account: str | None = None,
    source_url: str | None = None,
) -> Iterator[Interaction]:
    """`customer.reassigned` for each owner after the first; the time between two owners belongs to nobody."""
    for (_, before), (at, after) in pairwise(one.versions(OWNER)):
        extra: dict[str, Any] = {"from_agent": book.owner(before)}
        if (team := book.team(before)) is not None:
            extra["from_team"] = team
        yield Interaction(
            source=source,
            stream=stream,
            id=f"{one.id}:customer.reassigned:{round(at * 1000)}",
            kind="customer.reassigned",
            occurred_at=datetime.fromtimestamp(at, tz=UTC),
            precision=Precision.MILLISECOND,
            person=person,
            account=account,
            function=BusinessFunction.SALES,
            channel=Channel.OTHER,
            direction=Direction.INTERNAL,
            team=book.team(after),
            agent=book.owner(after),
            source_url=source_url,
            extra=extra,
        )


def with_history(one: CrmObject, read: CrmObject | None) -> CrmObject:
    """The object with the history that was read of it; without, where it is gone meanwhile."""
    history = None if read is None else read.properties_with_history
    return one if history is None else msgspec.structs.replace(one, properties_with_history=history)
