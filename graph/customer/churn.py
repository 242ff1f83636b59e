"""When a customer churned: it is observed of contracts alone, as the KPI `churn` has it."""

from __future__ import annotations

from collections.abc import Sequence

from graph.customer.events import Event

CONTRACT_STANDS = ("subscription.started", "subscription.changed", "subscription.renewed", "subscription.paused")
CONTRACT_ENDS = ("subscription.cancelled",)
PURCHASES = ("order.placed", "deal.won")
"""Besides a contract; who has bought since their last one ended is a customer still."""


def churned_at(events: Sequence[Event]) -> int | None:
    """When the last of their contracts ended (epoch milliseconds), where none stands and nothing was bought since.

    `events` are in the order of the journey. An event that names no contract is of the one that the customer is taken
    to have.
    """
    ended: dict[str | None, int | None] = {}
    bought: int | None = None
    for event in events:
        if event.kind in CONTRACT_ENDS:
            ended[event.subscription] = event.at
        elif event.kind in CONTRACT_STANDS:
            ended[event.subscription] = None
        elif event.kind in PURCHASES:
            bought = event.at
    ends = [at for at in ended.values() if at is not None]
    if not ends or len(ends) < len(ended):
        return None
    return None if bought is not None and bought > max(ends) else max(ends)
