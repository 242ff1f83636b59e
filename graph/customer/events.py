"""An event of a journey, as the derivation reads it: an interaction reduced to what decides its place."""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, array_like=True):
    """One interaction; `at` is epoch milliseconds; order within a journey is `(at, sequence, id)`.

    The fields stand in the order of the columns that `graph/writes/read_events.cypher` returns.
    """

    record: str
    id: str
    at: int
    sequence: int
    kind: str
    function: str
    channel: str
    direction: str
    automated: bool
    team: str | None
    agent: str | None
    ticket: str | None
    deal: str | None
    order: str | None
    subscription: str | None
    metric: str | None
    score: float | None
    program: str | None
    survey_token: str | None
    is_fresh: bool = False
    """Whether it is new to the graph, and the change log has not told it yet."""
    element: str = ""
    """The store's own id of its node: true within the transaction that read it, and the quickest way back to it."""
    asked_about: str | None = None
    """Of an invitation that c360 sent: the id of the interaction that it asks about."""

    @property
    def matters(self) -> tuple[str, ...]:
        """Keys of the matters it belongs to, each with its kind: `ticket:support/7`."""
        given = (
            ("ticket", self.ticket),
            ("deal", self.deal),
            ("order", self.order),
            ("subscription", self.subscription),
        )
        return tuple(f"{kind}:{key}" for kind, key in given if key is not None)

    @property
    def is_activity(self) -> bool:
        """Activity is what the customer did: inbound and not made by a machine."""
        return self.direction == "inbound" and not self.automated


def in_order(events: list[Event]) -> list[Event]:
    """The events in the order of the journey."""
    return sorted(events, key=lambda event: (event.at, event.sequence, event.id))
