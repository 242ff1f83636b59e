"""Stripe's money: paid invoices, payments without one as orders, failed payments, and refunds of both."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from connectors.commerce.purchases import order_event
from connectors.commerce.stripe_api import Charge, Event, Invoice, Refund, Stripe, id_of, moment, money
from connectors.commerce.stripe_reading import Listing, Plan, Taken, gone_or
from connectors.hookspecs import RawProblem
from connectors.raws import decode_each
from connectors.records import BusinessFunction, Channel, Direction, Identifiers, Interaction, Tombstone, said

AT_ONCE = 8


class Payment(msgspec.Struct, frozen=True):
    """The object of an event: a charge, or a refund of one."""

    id: str
    object: str
    charge: str | None = None


async def take_invoices(stripe: Stripe, events: Sequence[Event]) -> Taken:
    """Invoices as they were when they were paid."""
    return decode_each([event.data.object for event in events], Invoice, f"{stripe.source}: event of an invoice")


async def take_charges(stripe: Stripe, events: Sequence[Event]) -> Taken:
    """Charges as they are now: what an event holds may not say which invoice they pay."""
    paid, problems = _payments(stripe, events)
    charges = await _each(
        [stripe.one(f"v1/charges/{one}", Charge, {"expand[]": "invoice"}) for one in dict.fromkeys(t.id for t in paid)]
    )
    return charges, problems


async def take_refunds(stripe: Stripe, events: Sequence[Event]) -> Taken:
    """The refunds of the charges that events name, as they are now; a refund without a charge by itself."""
    paid, problems = _payments(stripe, events)
    charges = filter(None, dict.fromkeys(one.id if one.object == "charge" else one.charge for one in paid))
    alone = dict.fromkeys(one.id for one in paid if one.object != "charge" and one.charge is None)
    raws = await _each([stripe.one(f"v1/refunds/{one}", Refund, {"expand[]": "charge"}) for one in alone])
    pages = await _each(
        [stripe.listed("v1/refunds", {"charge": one, "expand[]": "data.charge"}) for one in charges if one]
    )
    for page in pages:
        found, refused = decode_each(page.data, Refund, f"{stripe.source}: /v1/refunds")
        raws += found
        problems += refused
    return raws, problems


INVOICES = Plan(
    lists=(Listing("v1/invoices", Invoice, (("status", "paid"),)),), events=("invoice.paid",), take=take_invoices
)
CHARGES = Plan(
    lists=(Listing("v1/charges", Charge, (("expand[]", "data.invoice"),)),),
    events=("charge.succeeded", "charge.failed", "charge.captured"),
    take=take_charges,
)
REFUNDS = Plan(
    lists=(Listing("v1/refunds", Refund, (("expand[]", "data.charge"),)),),
    events=("charge.refunded", "charge.refund.updated", "refund.created", "refund.updated", "refund.failed"),
    take=take_refunds,
)


def _payments(stripe: Stripe, events: Sequence[Event]) -> tuple[list[Payment], list[RawProblem]]:
    return decode_each([event.data.object for event in events], Payment, f"{stripe.source}: event of a payment")


async def _each(readings: Sequence[Any]) -> list[Any]:
    """The results, a few at once, without what has been deleted since."""
    few = asyncio.Semaphore(AT_ONCE)

    async def one(reading: Any) -> Any:
        async with few:
            return await gone_or(reading)

    return [found for found in await asyncio.gather(*(one(reading) for reading in readings)) if found is not None]


def map_invoice(source: str, stream: str, customers: str, invoice: Invoice) -> Iterator[Interaction]:
    """A paid invoice; one of nobody, or over nothing, is none."""
    person = _whom(source, customers, id_of(invoice.customer), invoice.customer_email)
    if invoice.status != "paid" or invoice.amount_paid == 0 or person is None:
        return
    subscription = invoice.subscription_id
    yield _finance(
        source,
        stream,
        f"{invoice.id}:paid",
        "invoice.paid",
        moment(invoice.status_transitions.paid_at or invoice.created),
        person,
        direction=Direction.INBOUND,
        automated=invoice.billing_reason == "subscription_cycle",
        subject=said(invoice.description) or said(invoice.number),
        subscription=None if subscription is None else f"{source}/{subscription}",
        amount=money(invoice.amount_paid, invoice.currency),
        currency=invoice.currency.upper(),
        extra={"invoice": invoice.id} | ({"billing_reason": invoice.billing_reason} if invoice.billing_reason else {}),
    )


def map_charge(source: str, stream: str, customers: str, charge: Charge) -> Iterator[Interaction]:
    """A failed payment; or an order, when money was taken without an invoice (the invoice tells of its own)."""
    person = _payer(source, customers, charge)
    if person is None:
        return
    money_of = {"currency": charge.currency.upper(), "subject": said(charge.description)}
    if charge.status == "failed":
        invoice = charge.invoice if isinstance(charge.invoice, Invoice) else None
        subscription = None if invoice is None else invoice.subscription_id
        yield _finance(
            source,
            stream,
            f"{charge.id}:failed",
            "payment.failed",
            moment(charge.created),
            person,
            direction=Direction.INTERNAL,
            automated=True,
            subscription=None if subscription is None else f"{source}/{subscription}",
            reason=said(charge.failure_code),
            text=said(charge.failure_message),
            amount=money(charge.amount, charge.currency),
            **money_of,
        )
    elif charge.status == "succeeded" and charge.captured and charge.invoice is None:
        taken = charge.amount if charge.amount_captured is None else charge.amount_captured
        yield order_event(
            source,
            stream,
            charge.id,
            "placed",
            moment(charge.created),
            person,
            amount=money(taken, charge.currency),
            source_url=said(charge.receipt_url),
            extra=dict(charge.metadata or {}),
            **money_of,
        )


def map_refund(source: str, stream: str, customers: str, refund: Refund) -> Iterator[Interaction | Tombstone]:
    """Money given back, of an order or of an invoice; a refund that failed or was cancelled is taken back."""
    charge = refund.charge if isinstance(refund.charge, Charge) else None
    person = None if charge is None else _payer(source, customers, charge)
    if charge is None or person is None:
        return
    if refund.status in ("failed", "canceled"):
        identifier = f"{charge.id}:refunded:{refund.id}" if charge.invoice is None else f"{refund.id}:refunded"
        yield Tombstone(source=source, stream=stream, id=identifier, deleted_at=moment(refund.created))
        return
    more = {
        "amount": money(refund.amount, refund.currency),
        "currency": refund.currency.upper(),
        "reason": said(refund.reason),
        "subject": said(charge.description),
    }
    if charge.invoice is None:
        yield order_event(source, stream, charge.id, "refunded", moment(refund.created), person, part=refund.id, **more)
        return
    yield _finance(
        source,
        stream,
        f"{refund.id}:refunded",
        "invoice.refunded",
        moment(refund.created),
        person,
        direction=Direction.OUTBOUND,
        extra={"invoice": id_of(charge.invoice)},
        **more,
    )


def _payer(source: str, customers: str, charge: Charge) -> str | Identifiers | None:
    billing = charge.billing_details
    email = said(charge.receipt_email) or (said(billing.email) if billing else None)
    name, phone = (said(billing.name), said(billing.phone)) if billing else (None, None)
    return _whom(source, customers, id_of(charge.customer), email, phone, name)


def _whom(
    source: str,
    customers: str,
    customer: str | None,
    email: str | None,
    phone: str | None = None,
    name: str | None = None,
) -> str | Identifiers | None:
    if customer is not None:
        return f"{source}/{customers}/{customer}"
    if said(email) is None and phone is None:
        return None
    return Identifiers(email=said(email), phone=phone, full_name=name)


def _finance(
    source: str,
    stream: str,
    identifier: str,
    kind: str,
    at: datetime,
    person: str | Identifiers,
    **more: Any,
) -> Interaction:
    return Interaction(
        source=source,
        stream=stream,
        id=identifier,
        kind=kind,
        occurred_at=at,
        person=person,
        function=BusinessFunction.FINANCE,
        channel=Channel.WEB,
        **more,
    )
