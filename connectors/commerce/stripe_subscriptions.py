"""Stripe's subscriptions as contracts: started, changed, paused, renewed and cancelled, each with what it is worth.

A list tells only what a subscription is now. Its first invoice tells what it began with, each renewal what it was worth
then, and events of the last thirty days every change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from connectors.commerce.purchases import subscription_event
from connectors.commerce.stripe_api import (
    Before,
    Cancellation,
    Change,
    Event,
    Invoice,
    Item,
    Items,
    Line,
    Price,
    Stripe,
    Subscription,
    id_of,
    moment,
    money,
)
from connectors.commerce.stripe_reading import Listing, Plan, Taken
from connectors.errors import SourceError
from connectors.hookspecs import RawProblem
from connectors.raws import decode_each
from connectors.records import BusinessFunction, Channel, Direction, Interaction, said

PREFIX = "customer.subscription."
RENEWED = "invoice.paid"
NOT_STARTED = frozenset({"incomplete", "incomplete_expired", "trialing"})
PERIODS = {("month", 3): "quarter", ("month", 6): "half_year", ("month", 12): "year"}
MONTHS = {"day": 12 / 365.25, "week": 12 * 7 / 365.25, "month": 1.0, "year": 12.0}


async def whole(stripe: Stripe, subscription: Subscription) -> Subscription:
    """The subscription with all its items: a list or an event shows the first ten."""
    if not subscription.items.has_more:
        return subscription
    page = await stripe.listed("v1/subscription_items", {"subscription": subscription.id})
    found, problems = decode_each(page.data, Item, f"{stripe.source}: /v1/subscription_items")
    if problems:
        raise SourceError(f"[{stripe.source}] an item of {subscription.id} is {problems[0].reason}.")
    return msgspec.structs.replace(subscription, items=Items(tuple(found)))


async def take(stripe: Stripe, events: Sequence[Event]) -> Taken:
    """The changes and renewals that events tell, in their order."""
    raws: list[Any] = []
    problems: list[RawProblem] = []
    for event in events:
        try:
            if event.type == RENEWED:
                invoice = msgspec.json.decode(event.data.object, type=Invoice)
                raws += [invoice] if invoice.subscription_id is not None else []
            else:
                subscription = msgspec.json.decode(event.data.object, type=Subscription)
                raws.append(
                    Change(
                        at=event.created,
                        type=event.type.removeprefix(PREFIX),
                        subscription=await whole(stripe, subscription),
                        before=msgspec.json.decode(event.data.previous_attributes, type=Before),
                    )
                )
        except msgspec.DecodeError as error:
            where = f"{stripe.source}: event {event.id} ({event.type})"
            problems.append(RawProblem(where, str(error), bytes(event.data.object).decode()[:10_000]))
    return raws, problems


PLAN = Plan(
    lists=(
        Listing("v1/subscriptions", Subscription, (("status", "all"),), whole),
        Listing("v1/invoices", Invoice, (("status", "paid"), ("expand[]", "data.subscription"))),
    ),
    events=(*(PREFIX + kind for kind in ("created", "updated", "deleted", "paused", "resumed")), RENEWED),
    take=take,
    history=True,
)


def map_subscription(source: str, stream: str, customers: str, raw: Subscription | Change | Invoice) -> Iterator[Any]:
    """The interactions of one raw; `customers` is the stream of the customer."""
    mapping = _Mapping(source, stream, customers)
    if isinstance(raw, Subscription):
        yield from mapping.as_it_is(raw)
    elif isinstance(raw, Invoice):
        yield from mapping.billed(raw)
    else:
        yield from mapping.changed(raw)


class _Mapping:
    def __init__(self, source: str, stream: str, customers: str) -> None:
        self._source, self._stream, self._customers = source, stream, customers

    def as_it_is(self, now: Subscription) -> Iterator[Interaction]:
        yield from self._begun(now, now.items.data)
        if now.pause_collection is not None or now.status == "paused":
            # When it was paused is only in its events; the period it was paused in is the nearest that is told.
            at = moment(now.current_period_start or now.start_date)
            yield self._event(now, "paused", at, now.items.data, extra={"moment": "period"})
        yield from self._ended(now)

    def changed(self, change: Change) -> Iterator[Interaction]:
        now, before, at = change.subscription, change.before, moment(change.at)
        if change.type == "created":
            yield from self._begun(now, now.items.data)
        elif change.type == "deleted":
            yield from self._ended(now)
        elif change.type == "paused":
            yield self._event(now, "paused", at, now.items.data)
        elif change.type == "resumed":
            yield self._event(now, "changed", at, now.items.data, reason="resumed")
        elif before.status in NOT_STARTED:
            yield from self._begun(now, now.items.data)
        elif now.status not in NOT_STARTED:
            yield from self._updated(now, before, at)

    def _updated(self, now: Subscription, before: Before, at: datetime) -> Iterator[Interaction]:
        if before.pause_collection is None and now.pause_collection is not None:
            yield self._event(now, "paused", at, now.items.data)
        elif isinstance(before.pause_collection, dict) and now.pause_collection is None:
            yield self._event(now, "changed", at, now.items.data, reason="resumed")
        elif isinstance(before.items, msgspec.Struct):
            was, _ = _recurring(before.items.data)
            worth, _ = _recurring(now.items.data)
            change = "upgrade" if worth > was else "downgrade" if worth < was else "plan"
            yield self._event(now, "changed", at, now.items.data, reason=change)

    def billed(self, invoice: Invoice) -> Iterator[Interaction]:
        """A first invoice corrects what the subscription began with, a renewal tells what it is worth; one with more
        lines than are shown tells no amount."""
        shown = () if invoice.lines.has_more else invoice.lines.data
        terms = [line for line in shown if not line.proration and line.price is not None]
        subscription, identifier = invoice.subscription, invoice.subscription_id
        if invoice.billing_reason == "subscription_create" and isinstance(subscription, Subscription) and terms:
            yield from self._begun(subscription, terms)
        elif invoice.billing_reason == "subscription_cycle" and identifier is not None:
            customer = id_of(invoice.customer)
            paid_at = invoice.status_transitions.paid_at or invoice.created
            if customer is not None:
                yield subscription_event(
                    self._source,
                    self._stream,
                    identifier,
                    "renewed",
                    moment(paid_at),
                    f"{self._source}/{self._customers}/{customer}",
                    **_worth(terms, invoice.currency),
                    extra={"invoice": invoice.id},
                )

    def _begun(self, now: Subscription, terms: Sequence[Item | Line]) -> Iterator[Interaction]:
        customer = id_of(now.customer)
        if now.trial_start is not None and customer is not None:
            yield Interaction(
                source=self._source,
                stream=self._stream,
                id=f"{now.id}:trial",
                kind="trial.started",
                occurred_at=moment(now.trial_start),
                person=f"{self._source}/{self._customers}/{customer}",
                function=BusinessFunction.FINANCE,
                channel=Channel.WEB,
                direction=Direction.INBOUND,
                subject=_plan(terms) or said(now.description),
                subscription=f"{self._source}/{now.id}",
            )
        if not self._never_started(now):
            yield self._event(now, "started", moment(max(now.start_date, now.trial_end or 0)), terms)

    def _ended(self, now: Subscription) -> Iterator[Interaction]:
        ended = now.ended_at or now.canceled_at
        if now.status != "canceled" or ended is None or self._never_started(now):
            return
        why = now.cancellation_details or Cancellation()
        yield self._event(
            now, "cancelled", moment(ended), (), reason=said(why.feedback) or said(why.reason), text=said(why.comment)
        )

    def _never_started(self, now: Subscription) -> bool:
        """Whether it is not paid for yet, or ended in its trial."""
        ended = now.ended_at or now.canceled_at
        in_trial = now.status == "canceled" and ended is not None and ended <= (now.trial_end or 0)
        return now.status in NOT_STARTED or in_trial

    def _event(
        self, now: Subscription, event: str, at: datetime, terms: Sequence[Item | Line], **more: Any
    ) -> Interaction:
        worth = _worth(terms, now.currency) if terms else {}
        extra = {**(now.metadata or {}), **more.pop("extra", {})}
        return subscription_event(
            self._source,
            self._stream,
            now.id,
            event,
            at,
            f"{self._source}/{self._customers}/{id_of(now.customer)}",
            **{"subject": said(now.description), **worth, **more},
            extra=extra,
        )


def _worth(terms: Sequence[Item | Line], currency: str | None) -> dict[str, Any]:
    """The fields of an interaction that tell what is paid how often; nothing where only use is paid."""
    amount, period = _recurring(terms)
    prices = [term.price for term in terms if term.price is not None]
    code = currency or next((price.currency for price in prices if price.currency), None)
    if not any(_fixed(price) for price in prices) or code is None:
        return {}
    quantities = [term.quantity for term in terms if term.quantity is not None]
    return {
        "recurring_amount": money(amount, code),
        "currency": code.upper(),
        "billing_period": period,
        "quantity": float(sum(quantities)) if quantities else None,
        **({"subject": name} if (name := _plan(terms)) else {}),
    }


def _recurring(terms: Sequence[Item | Line]) -> tuple[float, str]:
    """What is due, in the smallest unit, and how often; a month's part where the prices have different periods."""
    fixed = [(price, term.quantity) for term in terms if (price := term.price) is not None and _fixed(price)]
    periods = {_period(price) for price, _ in fixed}
    if len(periods) == 1 and (period := periods.pop()) is not None:
        return sum(_unit(price) * _times(quantity) for price, quantity in fixed), period
    return sum(_unit(price) * _times(quantity) / _months(price) for price, quantity in fixed), "month"


def _fixed(price: Price) -> bool:
    amount_told = price.unit_amount is not None or price.unit_amount_decimal is not None
    return amount_told and price.recurring is not None and price.recurring.usage_type != "metered"


def _unit(price: Price) -> float:
    return float(price.unit_amount_decimal or 0) if price.unit_amount is None else float(price.unit_amount)


def _times(quantity: int | None) -> int:
    return 1 if quantity is None else quantity


def _period(price: Price) -> str | None:
    if price.recurring is None:
        return None
    interval, count = price.recurring.interval, price.recurring.interval_count
    return interval if count == 1 else PERIODS.get((interval, count))


def _months(price: Price) -> float:
    if price.recurring is None:
        return 1.0
    return MONTHS.get(price.recurring.interval, 1.0) * price.recurring.interval_count


def _plan(terms: Sequence[Item | Line]) -> str | None:
    names = [said(term.price.nickname) for term in terms if term.price is not None]
    return ", ".join(name for name in names if name) or None
