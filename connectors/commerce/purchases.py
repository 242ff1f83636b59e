"""Orders and subscriptions as interactions: the same kinds, ids and directions, whoever tells of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.records import BusinessFunction, Channel, Direction, Identifiers, Interaction

ORDER_EVENTS = {
    "placed": (BusinessFunction.SALES, Direction.INBOUND),
    "refunded": (BusinessFunction.FINANCE, Direction.OUTBOUND),
    "cancelled": (BusinessFunction.FINANCE, Direction.INBOUND),
}
SUBSCRIPTION_EVENTS = {
    "started": Direction.INBOUND,
    "changed": Direction.INBOUND,
    "paused": Direction.INBOUND,
    "renewed": Direction.OUTBOUND,
    "cancelled": Direction.INBOUND,
}


def order_event(
    source: str,
    stream: str,
    order: str,
    event: str,
    at: datetime,
    person: str | Identifiers,
    *,
    part: str | None = None,
    **more: Any,
) -> Interaction:
    """`order.<event>` of ORDER_EVENTS; `part` tells one of several refunds from the others. `more`: other fields."""
    function, direction = ORDER_EVENTS[event]
    return Interaction(
        source=source,
        stream=stream,
        id=f"{order}:{event}" if part is None else f"{order}:{event}:{part}",
        kind=f"order.{event}",
        occurred_at=at,
        person=person,
        function=function,
        direction=direction,
        order=f"{source}/{order}",
        **{"channel": Channel.WEB, **more},
    )


def subscription_event(
    source: str,
    stream: str,
    subscription: str,
    event: str,
    at: datetime,
    person: str | Identifiers,
    **more: Any,
) -> Interaction:
    """`subscription.<event>` of SUBSCRIPTION_EVENTS; a renewal is the system's doing. `more`: other fields."""
    return Interaction(
        source=source,
        stream=stream,
        id=f"{subscription}:{event}:{int(at.timestamp())}",
        kind=f"subscription.{event}",
        occurred_at=at,
        person=person,
        function=BusinessFunction.FINANCE,
        channel=Channel.WEB,
        direction=SUBSCRIPTION_EVENTS[event],
        automated=event == "renewed",
        subscription=f"{source}/{subscription}",
        **more,
    )
