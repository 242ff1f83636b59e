"""Matters: tickets, deals, orders and subscriptions, with what their interactions tell of them."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.plan.fields import column, described, identity, instant, itself, many
from api.plan.filters import described_input, option, where
from api.schema.enums import (
    Channel,
    DealStatus,
    OrderStatus,
    SaleOrderField,
    SortDirection,
    SubscriptionContractStatus,
    TicketOrderField,
    TicketStatus,
)
from api.schema.filters import DateTimeFilter, InteractionFilter, InteractionOrder, StringFilter
from api.schema.interaction import Interaction, Money
from api.schema.lazy import LazyCustomer
from api.schema.paging import Connection, Node
from graph.customer import matters
from graph.reading import Column

_INTERACTIONS = "All that belongs to it, of every participant; oldest first unless ordered otherwise."
_CUSTOMERS = "The customers who take part in it, by name."
_KEY = "Its key: source/id."
_COUNT = "How many interactions belong to it; a meeting or call counts once, however many took part."


@described
class Ticket(Node):
    """A request to the helpdesk."""

    id: strawberry.ID = identity()
    key: str = column(_KEY, "id")
    name: str | None = column("Its number or name in the source.")
    subject: str | None = column("What it says on top.")
    topic: str | None = column("What it is about, as was said last.")
    status: TicketStatus = column("Its state, as its events tell it.")
    channel: Channel | None = column("Where it was opened.")
    opened_at: datetime = instant("When it was opened.")
    last_activity_at: datetime = instant("The last interaction that belongs to it.", "last_at")
    solved_at: datetime | None = instant("When it was solved; null while it is open.", "closed_at")
    team: str | None = column("The team that acted last.")
    agent: str | None = column("Who acted last for the company.")
    source: str | None = column("The source that keeps it.")
    interaction_count: int = column(_COUNT)
    interactions: Connection[Interaction] = many(
        matters.INTERACTIONS_OF_MATTER, _INTERACTIONS, filter=InteractionFilter, order=InteractionOrder
    )
    customers: Connection[LazyCustomer] = many(matters.CUSTOMERS_OF_MATTER, _CUSTOMERS)


@described
class Deal(Node):
    """A sales opportunity."""

    id: strawberry.ID = identity()
    key: str = column(_KEY, "id")
    name: str | None = column("Its number or name in the source.")
    subject: str | None = column("What it says on top.")
    status: DealStatus = column("Its state, as its events tell it.")
    opened_at: datetime = instant("When it began.")
    last_activity_at: datetime = instant("The last interaction that belongs to it.", "last_at")
    closed_at: datetime | None = instant("When it was won or lost; null while it is open.")
    amount: Money | None = itself("What it is worth, as was said last.", Column("amount"))
    reason: str | None = column("Why it was won or lost.")
    team: str | None = column("The team that acted last.")
    agent: str | None = column("Who acted last for the company.")
    source: str | None = column("The source that keeps it.")
    interaction_count: int = column(_COUNT)
    interactions: Connection[Interaction] = many(
        matters.INTERACTIONS_OF_MATTER, _INTERACTIONS, filter=InteractionFilter, order=InteractionOrder
    )
    customers: Connection[LazyCustomer] = many(matters.CUSTOMERS_OF_MATTER, _CUSTOMERS)


@described
class Order(Node):
    """An order."""

    id: strawberry.ID = identity()
    key: str = column(_KEY, "id")
    name: str | None = column("Its number or name in the source.")
    subject: str | None = column("What it says on top.")
    status: OrderStatus | None = column(
        "Its state; null when it is only spoken of, and no source told of it being placed."
    )
    opened_at: datetime = instant("When it was placed, or first spoken of.")
    last_activity_at: datetime = instant("The last interaction that belongs to it.", "last_at")
    closed_at: datetime | None = instant("When it was refunded or cancelled.")
    amount: Money | None = itself("What it came to when it was placed.", Column("amount"))
    reason: str | None = column("Why it was refunded or cancelled.")
    source: str | None = column("The source that keeps it.")
    interaction_count: int = column(_COUNT)
    interactions: Connection[Interaction] = many(
        matters.INTERACTIONS_OF_MATTER, _INTERACTIONS, filter=InteractionFilter, order=InteractionOrder
    )
    customers: Connection[LazyCustomer] = many(matters.CUSTOMERS_OF_MATTER, _CUSTOMERS)


@described
class SubscriptionContract(Node):
    """A subscription that a customer has, or had: what they pay for again and again."""

    id: strawberry.ID = identity()
    key: str = column(_KEY, "id")
    name: str | None = column("Its number or name in the source.")
    subject: str | None = column("What it says on top.")
    status: SubscriptionContractStatus | None = column("Its state; null when it is only spoken of.")
    opened_at: datetime = instant("When it began.")
    last_activity_at: datetime = instant("The last interaction that belongs to it.", "last_at")
    closed_at: datetime | None = instant("When it was cancelled; null while it runs.")
    recurring_amount: Money | None = itself("What it costs each billing period, as was said last.", Column("amount"))
    billing_period: str | None = column("How often it is paid, as was said last.")
    reason: str | None = column("Why it was cancelled.")
    source: str | None = column("The source that keeps it.")
    interaction_count: int = column(_COUNT)
    interactions: Connection[Interaction] = many(
        matters.INTERACTIONS_OF_MATTER, _INTERACTIONS, filter=InteractionFilter, order=InteractionOrder
    )
    customers: Connection[LazyCustomer] = many(matters.CUSTOMERS_OF_MATTER, _CUSTOMERS)


@described_input
class TicketStatusFilter:
    """Compares the state of a ticket."""

    eq: TicketStatus | None = option("Equal to.")
    in_: list[TicketStatus] | None = option("One of.", "in")


@described_input
class DealStatusFilter:
    """Compares the state of a deal."""

    eq: DealStatus | None = option("Equal to.")
    in_: list[DealStatus] | None = option("One of.", "in")


@described_input
class OrderStatusFilter:
    """Compares the state of an order."""

    eq: OrderStatus | None = option("Equal to.")
    in_: list[OrderStatus] | None = option("One of.", "in")


@described_input
class SubscriptionContractStatusFilter:
    """Compares the state of a subscription."""

    eq: SubscriptionContractStatus | None = option("Equal to.")
    in_: list[SubscriptionContractStatus] | None = option("One of.", "in")


@described_input
class TicketFilter:
    """Which tickets; all that is given must hold."""

    status: TicketStatusFilter | None = where("Its state.", "status")
    opened_at: DateTimeFilter | None = where("When it was opened.", "opened_at")
    last_activity_at: DateTimeFilter | None = where("The last interaction that belongs to it.", "last_at")
    solved_at: DateTimeFilter | None = where("When it was solved.", "closed_at")
    team: StringFilter | None = where("The team that acted last.", "team")
    topic: StringFilter | None = where("What it is about.", "topic")
    source: StringFilter | None = where("The source that keeps it.", "source")
    and_: list[TicketFilter] | None = option("All of these hold.", "and")
    or_: list[TicketFilter] | None = option("One of these holds.", "or")
    not_: TicketFilter | None = option("This does not hold.", "not")


@described_input
class DealFilter:
    """Which deals; all that is given must hold."""

    status: DealStatusFilter | None = where("Its state.", "status")
    opened_at: DateTimeFilter | None = where("When it began.", "opened_at")
    last_activity_at: DateTimeFilter | None = where("The last interaction that belongs to it.", "last_at")
    closed_at: DateTimeFilter | None = where("When it was won or lost.", "closed_at")
    team: StringFilter | None = where("The team that acted last.", "team")
    source: StringFilter | None = where("The source that keeps it.", "source")
    and_: list[DealFilter] | None = option("All of these hold.", "and")
    or_: list[DealFilter] | None = option("One of these holds.", "or")
    not_: DealFilter | None = option("This does not hold.", "not")


@described_input
class OrderFilter:
    """Which orders; all that is given must hold."""

    status: OrderStatusFilter | None = where("Its state.", "status")
    opened_at: DateTimeFilter | None = where("When it was placed, or first spoken of.", "opened_at")
    last_activity_at: DateTimeFilter | None = where("The last interaction that belongs to it.", "last_at")
    closed_at: DateTimeFilter | None = where("When it was refunded or cancelled.", "closed_at")
    source: StringFilter | None = where("The source that keeps it.", "source")
    and_: list[OrderFilter] | None = option("All of these hold.", "and")
    or_: list[OrderFilter] | None = option("One of these holds.", "or")
    not_: OrderFilter | None = option("This does not hold.", "not")


@described_input
class SubscriptionContractFilter:
    """Which subscriptions; all that is given must hold."""

    status: SubscriptionContractStatusFilter | None = where("Its state.", "status")
    opened_at: DateTimeFilter | None = where("When it began.", "opened_at")
    last_activity_at: DateTimeFilter | None = where("The last interaction that belongs to it.", "last_at")
    closed_at: DateTimeFilter | None = where("When it was cancelled.", "closed_at")
    source: StringFilter | None = where("The source that keeps it.", "source")
    and_: list[SubscriptionContractFilter] | None = option("All of these hold.", "and")
    or_: list[SubscriptionContractFilter] | None = option("One of these holds.", "or")
    not_: SubscriptionContractFilter | None = option("This does not hold.", "not")


@described_input
class TicketOrder:
    """One criterion tickets are sorted by."""

    field: TicketOrderField = strawberry.field(description="By what.")
    direction: SortDirection = strawberry.field(description="Which way.", default=SortDirection.DESC)


@described_input
class SaleOrder:
    """One criterion deals, orders and subscriptions are sorted by."""

    field: SaleOrderField = strawberry.field(description="By what.")
    direction: SortDirection = strawberry.field(description="Which way.", default=SortDirection.DESC)
