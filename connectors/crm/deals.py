"""Deals as interactions: the same kinds, ids and order, whichever CRM or export tells of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.records import BusinessFunction, Channel, Direction, Interaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """What all moments of a deal have in common."""

    id: str
    name: str | None = None
    amount: float | None = None
    currency: str | None = None
    owner: str | None = None
    team: str | None = None
    lost_reason: str | None = None
    won_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to a deal; who was in charge of it then, where that is known."""

    kind: str
    at: datetime
    stage: str | None = None
    team: str | None = None
    agent: str | None = None
    nth: int = 1
    """How often the stage was entered by then, this time counted."""
    extra: Mapping[str, Any] = field(default_factory=dict)


def deal_interactions(
    source: str,
    stream: str,
    deal: Deal,
    moments: Sequence[Moment],
    contacts: Mapping[str, str],
    account: str | None,
    extra: Mapping[str, Any],
) -> Iterator[Interaction]:
    """The moments of a deal, in time, as each of its contacts experienced them.

    `contacts` are keys (`source/stream/id`) by the contact's own id; without any, it is the account's deal alone.
    """
    for contact, person in contacts.items() or [("company", None)]:
        for sequence, moment in enumerate(moments):
            kind, stage = moment.kind, moment.stage
            what = kind if stage is None or kind in ("deal.won", "deal.lost") else f"{kind}:{stage}"
            again = "" if moment.nth == 1 else f":{moment.nth}"
            yield Interaction(
                source=source,
                stream=stream,
                id=f"{deal.id}:{what}{again}:{contact}",
                activity_id=f"{source}/{stream}/{deal.id}:{kind}:{stage or ''}{again}",
                kind=kind,
                occurred_at=moment.at,
                sequence=sequence,
                person=person,
                account=account,
                function=BusinessFunction.SALES,
                channel=Channel.OTHER,
                direction=Direction.INTERNAL,
                team=moment.team or deal.team,
                agent=moment.agent or deal.owner,
                subject=deal.name,
                topic=stage,
                reason=deal.lost_reason if kind == "deal.lost" else deal.won_reason if kind == "deal.won" else None,
                deal=f"{source}/{deal.id}",
                amount=deal.amount,
                currency=deal.currency if deal.amount is not None else None,
                extra={**extra, **moment.extra},
            )
