"""What happens: events of the change log, as subscriptions tell them and never change them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import strawberry

from api.plan.change_cursor import event_cursor, place_cursor
from api.plan.fields import Argument, described, entry, from_milliseconds, lookup, root
from api.plan.ids import encode_id, key_of
from api.plan.roots import Question, RootEvents, RootWatched, Tell
from api.plan.rows import Arguments, Row
from api.schema.alert import Alert
from api.schema.customer import Customer
from api.schema.interaction import Interaction
from api.schema.sync import SyncProgress, ask_syncs
from graph.alerts import reading as alert_reading
from graph.changes import Change, Entry
from graph.customer import reading
from graph.cypher import cypher
from graph.reading import Column

_ID = Column("id")
_CURSOR = "Where to go on: pass it as `after` of the same subscription."
_AT = "When it was written into the graph."
_GONE = "null when there is no such customer any more: ask `customer` for its id then."


@described
class ChangeLog:
    """What has changed in the graph, in order; subscriptions tell it."""

    cursor: str = entry("Where the log ends now. Take it before you read; subscribe `after` it, and nothing is missed.")


@described
class CustomerMerged:
    """Customers turned out to be one person."""

    cursor: str = entry(_CURSOR)
    occurred_at: datetime = entry(_AT, convert=from_milliseconds)
    customer_id: strawberry.ID = entry("Id of the customer that they are now.")
    former_ids: list[strawberry.ID] = entry("Ids that this customer answers for from now on.")
    customer: Customer | None = lookup(
        reading.CUSTOMERS_BY_ID, "customer_key", f"The customer as it is now; {_GONE}", key=_ID
    )


@described
class CustomerSplit:
    """Some records of a customer turned out to be another person."""

    cursor: str = entry(_CURSOR)
    occurred_at: datetime = entry(_AT, convert=from_milliseconds)
    customer_id: strawberry.ID = entry("Id of the customer that is new, or back.")
    parted_from_ids: list[strawberry.ID] = entry("Ids of the customers that had its records.")
    customer: Customer | None = lookup(
        reading.CUSTOMERS_BY_ID, "customer_key", f"The customer that is new, or back; {_GONE}", key=_ID
    )
    parted_from: list[Customer] = lookup(
        reading.CUSTOMERS_BY_ID,
        "parted_keys",
        "The customers that had its records, as they are now.",
        key=_ID,
        many=True,
    )


@described
class CustomerUpdated:
    """Something of a customer is new: a golden value, an interaction, a consent, who they are."""

    cursor: str = entry(_CURSOR)
    occurred_at: datetime = entry(_AT, convert=from_milliseconds)
    customer_id: strawberry.ID = entry("Id of the customer.")
    is_new: bool = entry("Whether the customer was not there before.")
    customer: Customer | None = lookup(
        reading.CUSTOMERS_BY_ID, "customer_key", f"The customer as it is now; {_GONE}", key=_ID
    )


@described
class InteractionRecorded:
    """An interaction is new to the graph, whenever it happened."""

    cursor: str = entry(_CURSOR)
    occurred_at: datetime = entry(_AT, convert=from_milliseconds)
    interaction_id: strawberry.ID = entry("Id of the interaction.")
    customer_id: strawberry.ID = entry("Id of the customer who experienced it.")
    interaction: Interaction | None = lookup(
        reading.INTERACTIONS_BY_ID,
        "interaction_key",
        "The interaction; null when its source has taken it back.",
        key=_ID,
    )
    customer: Customer | None = lookup(
        reading.CUSTOMERS_BY_ID, "customer_key", f"The customer who experienced it; {_GONE}", key=_ID
    )


@described
class AlertRaised:
    """A rule has noticed something about a customer."""

    cursor: str = entry(_CURSOR)
    occurred_at: datetime = entry(_AT, convert=from_milliseconds)
    alert_id: strawberry.ID = entry("Id of the alert.")
    customer_id: strawberry.ID = entry("Id of the customer whom it concerns.")
    alert: Alert | None = lookup(alert_reading.ALERTS_BY_ID, "alert_key", "The alert as it is now.", key=_ID)
    customer: Customer | None = lookup(
        reading.CUSTOMERS_BY_ID, "customer_key", f"The customer whom it concerns; {_GONE}", key=_ID
    )


Told = tuple[Sequence[str], Mapping[str, Any]]
"""The customers that an event concerns, and what it says."""


def ask_change_log(_: Arguments) -> Question:
    """Where the change log ends."""

    def fold(rows: list[Row]) -> dict[str, Any]:
        return {"cursor": place_cursor(rows[0][0] if rows else 0)}

    return Question(cypher("writes/last_change"), {}, fold)


def _events(field: str, of: Callable[[Change], Iterable[Told]]) -> RootEvents:
    def teller(arguments: Arguments) -> Tell:
        wanted = _wanted(arguments)

        def tell(happened: Entry) -> list[dict[str, Any]]:
            return [
                {
                    "position": position,
                    "cursor": event_cursor(field, happened.seq, position),
                    "occurred_at": happened.at,
                    **said,
                }
                for position, (customers, said) in enumerate(of(happened.change or Change()))
                if wanted is None or not wanted.isdisjoint(customers)
            ]

        return tell

    return RootEvents(teller)


def _wanted(arguments: Arguments) -> set[str] | None:
    given = arguments.get("customerIds")
    return None if given is None else {key_of(text, "Customer") for text in given}


def _merged(change: Change) -> Iterator[Told]:
    for merged in change.merged:
        yield (
            [merged.customer, *merged.former],
            {**_customer(merged.customer), "former_ids": [encode_id("Customer", id) for id in merged.former]},
        )


def _split(change: Change) -> Iterator[Told]:
    for split in change.split:
        yield (
            [split.customer, *split.parted_from],
            {
                **_customer(split.customer),
                "parted_from_ids": [encode_id("Customer", id) for id in split.parted_from],
                "parted_keys": split.parted_from,
            },
        )


def _updated(change: Change) -> Iterator[Told]:
    for is_new, ids in ((True, change.created), (False, change.updated)):
        for id in ids:
            yield [id], {**_customer(id), "is_new": is_new}


def _recorded(change: Change) -> Iterator[Told]:
    for recorded in change.recorded:
        for id in recorded.interactions:
            said = {"interaction_id": encode_id("Interaction", id), "interaction_key": id}
            yield [recorded.customer], {**_customer(recorded.customer), **said}


def _raised(change: Change) -> Iterator[Told]:
    for alerts in change.alerts:
        for id in alerts.raised:
            said = {"alert_id": encode_id("Alert", id), "alert_key": id}
            yield [alerts.customer], {**_customer(alerts.customer), **said}


def _customer(id: str) -> dict[str, str]:
    return {"customer_id": encode_id("Customer", id), "customer_key": id}


_ARGUMENTS = [
    Argument("customer_ids", list[strawberry.ID] | None, "Only of these customers; of all unless said."),
    Argument("after", str | None, "Only what follows this cursor; what happens from now on unless said."),
]


@described
class Subscription:
    """Everything that can be subscribed to. Events of the change log come in its order, each once."""

    customer_merged: CustomerMerged = root(
        "Customers became one; by a source's news or by a person's decision.",
        _events("customerMerged", _merged),
        _ARGUMENTS,
    )
    customer_split: CustomerSplit = root(
        "A customer became two, or one that had been merged is back.", _events("customerSplit", _split), _ARGUMENTS
    )
    customer_updated: CustomerUpdated = root(
        "A customer is new, or something of one is.", _events("customerUpdated", _updated), _ARGUMENTS
    )
    interaction_recorded: InteractionRecorded = root(
        "An interaction of a customer is new to the graph.", _events("interactionRecorded", _recorded), _ARGUMENTS
    )
    alert_raised: AlertRaised = root(
        "A rule has noticed something about a customer.", _events("alertRaised", _raised), _ARGUMENTS
    )
    sync_progressed: SyncProgress = root(
        "How far the sync at work is, or how the last one ended: at once, and then whenever it is another, several "
        "times a second at most. Every sync's end is told.",
        RootWatched(ask_syncs),
    )
