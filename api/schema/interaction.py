"""Interactions: what a customer experienced."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.plan.fields import column, described, entry, every, from_json, identity, instant, itself, one
from api.schema.enums import BusinessFunction, Channel, Direction, MatterKind
from api.schema.lazy import (
    LazyAccount,
    LazyCustomer,
    LazyDeal,
    LazyInteraction,
    LazyOrder,
    LazySourceRecord,
    LazySubscriptionContract,
    LazySurveyResponse,
    LazyTicket,
)
from api.schema.paging import Node
from api.schema.scalars import JSON
from api.schema.touchpoint import Touchpoint
from graph.customer import reading
from graph.customer.matters import DEAL_OF, ORDER_OF, SUBSCRIPTION_OF, TICKET_OF
from graph.reading import Column


@described
class Money:
    """An amount in a currency."""

    amount: float = column("The amount.")
    currency_code: str | None = column("ISO 4217.", "currency")


@described
class Matter:
    """What interactions belong to: a ticket, deal, order, subscription or campaign, by name."""

    key: str = column("Its key: source/id.", "id")
    kind: MatterKind = column("What it is.", "", of="sort")
    name: str | None = column("Its name or subject.")
    source: str | None = column("The source that keeps it.")


@described
class Participant:
    """Somebody who took part in a meeting, deal or call."""

    role: str | None = column("Their part in it.")
    customer: LazyCustomer | None = one(reading.CUSTOMER_OF_INTERACTION, "The customer.")
    account: LazyAccount | None = one(
        reading.ACCOUNT_OF_INTERACTION, "The account that took part, when no person is known."
    )
    interaction: LazyInteraction = one(reading.PARTICIPATION, "The interaction as they experienced it.")


@described
class Interaction(Node):
    """An event, as one customer experienced it."""

    id: strawberry.ID = identity()
    occurred_at: datetime = instant("When it happened.", "at")
    ended_at: datetime | None = instant("When it ended.")
    kind: str = column("What happened, e.g. `ticket.created`; see `interactionKinds`.")
    function: BusinessFunction = column("Which function of the company acted.")
    channel: Channel = column("Where it happened.")
    direction: Direction = column("Who acted.")
    is_automated: bool = column("Whether a machine did it, e.g. a scanner opened a mail.", "automated", default=False)
    touchpoint: Touchpoint | None = one(reading.TOUCHPOINT_OF_INTERACTION, "The touchpoint where it happened.")
    stage: str | None = column("The customer's lifecycle stage when it happened.")
    role: str | None = column("The customer's part in it.")
    team: str | None = column("The team that acted.")
    agent: str | None = column("Who acted for the company.")
    subject: str | None = column("What it says on top.")
    text: str | None = column("What was said or written.")
    reason: str | None = column("The reason that was given.")
    topic: str | None = column("What it is about.")
    requested_fields: list[str] = column("What the customer was asked for in it.", default=())
    amount: Money | None = itself("The money it is about.", Column("amount"))
    activity_id: str | None = column("The same for every participant of one meeting, deal or call.")
    participants: list[Participant] = every(
        reading.PARTICIPANTS,
        "Everybody who took part in the same meeting, deal or call, the one who experienced this among them.",
    )
    matters: list[Matter] = every(reading.MATTERS_OF_INTERACTION, "What it belongs to.")
    ticket: LazyTicket | None = one(TICKET_OF, "The ticket it belongs to.")
    deal: LazyDeal | None = one(DEAL_OF, "The deal it belongs to.")
    order: LazyOrder | None = one(ORDER_OF, "The order it belongs to.")
    subscription: LazySubscriptionContract | None = one(SUBSCRIPTION_OF, "The subscription it belongs to.")
    survey_response: LazySurveyResponse | None = one(reading.SCORE_IN_INTERACTION, "The score that was given in it.")
    scores: list[LazySurveyResponse] = every(reading.SCORES_ABOUT_INTERACTION, "Scores that were later given about it.")
    source: str = column("The source that reported it.")
    source_url: str | None = column("Where to see it in the source.")
    extra: JSON | None = column("What the source says beyond all this.", convert=from_json)
    source_record: LazySourceRecord | None = one(
        reading.RECORD_OF_INTERACTION, "The source record of the person or account that experienced it."
    )
    customer: LazyCustomer | None = one(reading.CUSTOMER_OF_INTERACTION, "Who experienced it.")
    account: LazyAccount | None = one(
        reading.ACCOUNT_OF_INTERACTION, "The account that experienced it, when no person is known."
    )


@described
class InteractionKind:
    """A kind of interaction that occurs in this store."""

    kind: str = entry("The kind, e.g. `ticket.created`.")
    is_known: bool = entry("Whether it is a kind of the field; another is kept as the source named it.")
    interaction_count: int = entry("How many interactions are of this kind.")
    sources: list[str] = entry("The sources that report it.")
