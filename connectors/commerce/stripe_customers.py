"""Stripe's customers as persons; a deleted one is a tombstone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from connectors.commerce.stripe_api import Customer, Event, Stripe, moment
from connectors.commerce.stripe_reading import Listing, Plan, Taken
from connectors.hookspecs import RawProblem
from connectors.records import Email, Person, Phone, Tombstone, said

DELETED = "customer.deleted"


class GoneCustomer(msgspec.Struct, frozen=True):
    """A customer that was deleted, and when."""

    id: str
    at: int


async def take(stripe: Stripe, events: Sequence[Event]) -> Taken:
    """Customers as they were at each event."""
    raws: list[Any] = []
    problems: list[RawProblem] = []
    for event in events:
        try:
            customer = msgspec.json.decode(event.data.object, type=Customer)
        except msgspec.DecodeError as error:
            where = f"{stripe.source}: event {event.id} ({event.type})"
            problems.append(RawProblem(where, str(error), bytes(event.data.object).decode()[:10_000]))
            continue
        raws.append(GoneCustomer(customer.id, event.created) if event.type == DELETED else customer)
    # Of several states in one page the last is what it is now.
    return list({raw.id: raw for raw in raws}.values()), problems


PLAN = Plan(
    lists=(Listing("v1/customers", Customer),),
    events=("customer.created", "customer.updated", DELETED),
    take=take,
)


def map_customer(
    source: str, stream: str, external_ids: Mapping[str, str], raw: Customer | GoneCustomer
) -> Iterator[Person | Tombstone]:
    """The person; `external_ids` says which key of the metadata holds their id in which other system."""
    if isinstance(raw, GoneCustomer):
        yield Tombstone(source=source, stream=stream, id=raw.id, deleted_at=moment(raw.at))
        return
    metadata = raw.metadata or {}
    address = None if raw.address is None else raw.address.address
    email, phone = said(raw.email), said(raw.phone)
    more = {"description": said(raw.description), "delinquent": raw.delinquent, "currency": raw.currency}
    yield Person(
        source=source,
        stream=stream,
        id=raw.id,
        full_name=said(raw.name),
        emails=(Email(value=email, primary=True),) if email else (),
        phones=(Phone(value=phone, country=address.country if address else None),) if phone else (),
        address=address,
        locale=next((said(locale) for locale in raw.preferred_locales or ()), None),
        # Not Stripe's own id: one person often has several customers, and two ids of one system are two people.
        external_ids={system: value for system, key in external_ids.items() if (value := said(metadata.get(key)))},
        created_at=None if raw.created is None else moment(raw.created),
        extra={**metadata, **{key: value for key, value in more.items() if value is not None}},
    )
