"""Accounts: companies and households that buy."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.plan.fields import column, described, every, identity, instant, itself, many, one
from api.schema.address import PostalAddress
from api.schema.filters import CustomerFilter, CustomerOrder, InteractionFilter, InteractionOrder
from api.schema.interaction import Interaction
from api.schema.lazy import LazyAccount, LazyCustomer
from api.schema.paging import Connection, Node
from api.schema.source import SourceRecord
from graph.customer import reading
from graph.reading import Column


@described
class Account(Node):
    """A company or household that buys."""

    id: strawberry.ID = identity()
    name: str = column("Its name.", default="Unnamed account")
    domain: str | None = column("Its internet domain.")
    industry: str | None = column("Its industry.")
    size: int | None = column("How many people work there.")
    address: PostalAddress | None = itself(
        "Its postal address.",
        Column("street"),
        Column("city"),
        Column("region"),
        Column("postal_code"),
        Column("country"),
    )
    owner: str | None = column("Who is responsible for it.")
    sources: list[str] = column("The sources that know it.", default=())
    created_at: datetime | None = instant("When the earliest of its records was made.")
    updated_at: datetime | None = instant("When its golden record changed last.")
    parent: LazyAccount | None = one(reading.PARENT_OF_ACCOUNT, "The account it belongs to.")
    children: list[LazyAccount] = every(reading.CHILDREN_OF_ACCOUNT, "The accounts that belong to it.")
    customers: Connection[LazyCustomer] = many(
        reading.CUSTOMERS_OF_ACCOUNT, "The people who work there.", filter=CustomerFilter, order=CustomerOrder
    )
    interactions: Connection[Interaction] = many(
        reading.ACCOUNT_INTERACTIONS,
        "What its people lived through, and what is known of it alone; newest first.",
        filter=InteractionFilter,
        order=InteractionOrder,
    )
    source_records: Connection[SourceRecord] = many(reading.SOURCE_RECORDS, "The source records that describe it.")
