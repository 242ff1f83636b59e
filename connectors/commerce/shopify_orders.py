"""Shopify's orders as interactions: placed, each refund, cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.commerce.purchases import order_event
from connectors.commerce.shopify_api import Order, Refund
from connectors.records import Channel, Identifiers, Interaction, said, utc

CHANNELS = {"web": Channel.WEB, "pos": Channel.IN_PERSON, "iphone": Channel.APP, "android": Channel.APP}


def map_order(source: str, stream: str, customers: str, host: str, order: Order) -> Iterator[Interaction]:
    """What happened to an order; a test, or an order of nobody, gives nothing. `customers` is the customers' stream."""
    person = _whom(source, customers, order)
    if order.test or person is None:
        return
    identifier, currency = str(order.id), said(order.currency)
    total = None if order.total_price is None else float(order.total_price)
    more: dict[str, Any] = {
        "currency": currency,
        "channel": CHANNELS.get((order.source_name or "").casefold(), Channel.OTHER),
        "subject": ", ".join(title for item in (order.line_items or ())[:3] if (title := said(item.title))) or None,
        "source_url": f"https://{host}/admin/orders/{identifier}",
    }
    quantities = [item.quantity for item in order.line_items or () if item.quantity is not None]
    yield order_event(
        source,
        stream,
        identifier,
        "placed",
        utc(order.processed_at or order.created_at),
        person,
        amount=total,
        quantity=float(sum(quantities)) if quantities else None,
        extra=_extra(order),
        **more,
    )
    given_back = 0.0
    for refund in order.refunds or ():
        amount = _refunded(order, refund)
        if amount:
            given_back += amount
            yield order_event(
                source,
                stream,
                identifier,
                "refunded",
                utc(refund.processed_at or refund.created_at),
                person,
                part=str(refund.id),
                amount=amount,
                reason=said(refund.note),
                sequence=1,
                **more,
            )
    if order.cancelled_at is not None:
        # What was refunded is taken back already: the cancellation takes back the rest.
        left = None if total is None else max(0.0, round(total - given_back, 4))
        yield order_event(
            source,
            stream,
            identifier,
            "cancelled",
            utc(order.cancelled_at),
            person,
            amount=left,
            reason=said(order.cancel_reason),
            sequence=2,
            **more,
        )


def _whom(source: str, customers: str, order: Order) -> str | Identifiers | None:
    if order.customer is not None:
        return f"{source}/{customers}/{order.customer.id}"
    email, phone = said(order.email), said(order.phone)
    return Identifiers(email=email, phone=phone) if email or phone else None


def _refunded(order: Order, refund: Refund) -> float:
    """The money that went back, in the order's currency."""
    amount = 0.0
    for one in refund.transactions:
        if one.kind == "refund" and one.status == "success" and one.amount is not None:
            same = one.currency is None or one.currency == order.currency
            amount += float(one.amount) * (1.0 if same else _rate(order))
    return round(amount, 4)


def _rate(order: Order) -> float:
    """What one unit of the currency that the customer saw is in the shop's, at the moment of the order."""
    both = order.total_price_set
    if both is None or both.shop_money is None or both.presentment_money is None:
        return 1.0
    seen = float(both.presentment_money.amount)
    return float(both.shop_money.amount) / seen if seen else 1.0


def _extra(order: Order) -> dict[str, Any]:
    codes = [code.code for code in order.discount_codes or () if said(code.code)]
    extra = {
        "name": said(order.name),
        "financial_status": said(order.financial_status),
        "fulfillment_status": said(order.fulfillment_status),
        "tags": said(order.tags),
        "note": said(order.note),
        "discount_codes": codes or None,
    }
    return {key: value for key, value in extra.items() if value is not None}
