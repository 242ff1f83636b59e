"""Orders with their refunds, and the events of subscriptions, in plain tables of our own naming.

`customer` is the key of a person record (`crm/contacts/17`); without it the row is tied to its e-mail address.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from connectors.commerce.purchases import SUBSCRIPTION_EVENTS, order_event, subscription_event
from connectors.errors import RecordError
from connectors.exports.formats import Context, Format, Located, Mapper, instant, number, required, text
from connectors.hookspecs import StreamKind
from connectors.records import Channel, Identifiers, Record


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """An order; its refund and cancellation stand in the same line."""

    id: str | None = None
    placed_at: datetime | None = None
    customer: str | None = None
    email: str | None = None
    phone: str | None = None
    subject: str | None = None
    amount: float | None = None
    currency: str | None = None
    quantity: float | None = None
    channel: str | None = None
    subscription: str | None = None
    deal: str | None = None
    refunded_at: datetime | None = None
    refund_amount: float | None = None
    refund_reason: str | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    extra: dict[str, str] = {}


class SubscriptionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a subscription: started, changed, paused, renewed or cancelled."""

    id: str | None = None
    event: str | None = None
    at: datetime | None = None
    customer: str | None = None
    email: str | None = None
    phone: str | None = None
    plan: str | None = None
    recurring_amount: float | None = None
    currency: str | None = None
    billing_period: str | None = None
    quantity: float | None = None
    reason: str | None = None
    extra: dict[str, str] = {}


def whom(raw: Located, customer: str | None, email: str | None, phone: str | None) -> str | Identifiers:
    """The person a row is about: the key of their record, else what identifies them; RecordError when nothing does."""
    if customer is not None:
        if customer.count("/") < 2:
            raise RecordError(f"{raw.where}: customer {customer!r} is no key; write it as source/stream/id.")
        return customer
    if email is None and phone is None:
        raise RecordError(f"{raw.where}: nobody is named: no 'customer', 'email' or 'phone'.")
    return Identifiers(email=email, phone=phone)


def map_orders(context: Context) -> Mapper:
    """An order is placed, and perhaps refunded or cancelled."""

    def map_order(raw: Located) -> Iterator[Record]:
        row: OrderRow = raw.body
        identifier = required(raw, row.id, "order_id")
        person = whom(raw, row.customer, row.email, row.phone)
        if row.placed_at is None:
            raise RecordError(f"{raw.where}: no value in 'placed_at'.")
        channel = _channel(raw, row.channel)
        events: list[tuple[str, datetime, float | None, str | None]] = [("placed", row.placed_at, row.amount, None)]
        if row.refunded_at is not None:
            amount = row.amount if row.refund_amount is None else row.refund_amount
            events.append(("refunded", row.refunded_at, amount, row.refund_reason))
        if row.cancelled_at is not None:
            events.append(("cancelled", row.cancelled_at, row.amount, row.cancel_reason))
        for sequence, (event, at, amount, reason) in enumerate(events):
            yield order_event(
                context.source,
                context.stream,
                identifier,
                event,
                at,
                person,
                sequence=sequence,
                channel=channel,
                subject=row.subject,
                subscription=None if row.subscription is None else context.matter(row.subscription),
                deal=row.deal,
                amount=amount,
                currency=row.currency,
                quantity=row.quantity,
                reason=reason,
                extra=dict(row.extra) if sequence == 0 else {},
            )

    return map_order


def _channel(raw: Located, value: str | None) -> Channel:
    if value is None:
        return Channel.WEB
    try:
        return Channel(value.casefold())
    except ValueError:
        raise RecordError(
            f"{raw.where}: channel {value!r} is not one of {', '.join(channel.value for channel in Channel)}."
        ) from None


def map_subscriptions(context: Context) -> Mapper:
    """Each event of a subscription is an interaction; a renewal is the system's doing."""

    def map_event(raw: Located) -> Iterator[Record]:
        row: SubscriptionRow = raw.body
        identifier = required(raw, row.id, "subscription_id")
        event = required(raw, row.event, "event").casefold().removeprefix("subscription.")
        if event not in SUBSCRIPTION_EVENTS:
            raise RecordError(f"{raw.where}: event {row.event!r} is not one of {', '.join(SUBSCRIPTION_EVENTS)}.")
        if row.at is None:
            raise RecordError(f"{raw.where}: no value in 'at'.")
        yield subscription_event(
            context.source,
            context.stream,
            identifier,
            event,
            row.at,
            whom(raw, row.customer, row.email, row.phone),
            subject=row.plan,
            recurring_amount=row.recurring_amount,
            currency=row.currency,
            billing_period=row.billing_period,
            quantity=row.quantity,
            reason=row.reason,
            extra=dict(row.extra),
        )

    return map_event


ORDERS = Format(
    name="orders",
    stream="orders",
    kind=StreamKind.INTERACTIONS,
    body=OrderRow,
    mapper=map_orders,
    identity="id",
    needs=("id", "placed_at"),
    marks=("order_id", "placed_at", "amount", "refunded_at"),
    columns=(
        text("id", "order_id"),
        instant("placed_at", "placed_at", "ordered_at"),
        text("customer", "customer"),
        text("email", "email"),
        text("phone", "phone"),
        text("subject", "subject", "product"),
        number("amount", "amount", "total"),
        text("currency", "currency"),
        number("quantity", "quantity"),
        text("channel", "channel"),
        text("subscription", "subscription_id"),
        text("deal", "deal"),
        instant("refunded_at", "refunded_at"),
        number("refund_amount", "refund_amount"),
        text("refund_reason", "refund_reason"),
        instant("cancelled_at", "cancelled_at"),
        text("cancel_reason", "cancel_reason"),
    ),
)

SUBSCRIPTIONS = Format(
    name="subscriptions",
    stream="subscriptions",
    kind=StreamKind.INTERACTIONS,
    body=SubscriptionRow,
    mapper=map_subscriptions,
    needs=("id", "event", "at"),
    marks=("subscription_id", "event", "at", "recurring_amount"),
    columns=(
        text("id", "subscription_id"),
        text("event", "event"),
        instant("at", "at", "occurred_at"),
        text("customer", "customer"),
        text("email", "email"),
        text("phone", "phone"),
        text("plan", "plan"),
        number("recurring_amount", "recurring_amount"),
        text("currency", "currency"),
        text("billing_period", "billing_period"),
        number("quantity", "quantity"),
        text("reason", "reason"),
    ),
)
