"""Customers: one person out of many records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import strawberry

from api.plan.clock import Clock
from api.plan.fields import (
    Argument,
    beside,
    column,
    described,
    document,
    entry,
    every,
    folded,
    from_day,
    from_journeys,
    from_milliseconds,
    from_moment,
    identity,
    instant,
    itself,
    lookup,
    many,
    momentary,
    one,
    values,
)
from api.schema.account import Account
from api.schema.address import PostalAddress
from api.schema.alert import Alert, AlertFilter, AlertOrder
from api.schema.enums import ActivityStatus, Channel, ConsentStatus, CustomerFieldName, RelationKind
from api.schema.filters import InteractionFilter, InteractionOrder
from api.schema.interaction import Interaction
from api.schema.lazy import LazyCustomer
from api.schema.match_tree import TREE_COLUMNS, MatchTree, folded_tree
from api.schema.matter import (
    Deal,
    DealFilter,
    Order,
    OrderFilter,
    SaleOrder,
    SubscriptionContract,
    SubscriptionContractFilter,
    Ticket,
    TicketFilter,
    TicketOrder,
)
from api.schema.metrics import CustomerMetrics, tell_metrics
from api.schema.paging import Connection, Node
from api.schema.scalars import JSON
from api.schema.segment import SegmentMembership, segments_of_customer
from api.schema.source import SourceRecord
from api.schema.survey import SurveyResponse
from graph.alerts import reading as alert_reading
from graph.customer import matters, reading
from graph.customer.activity import activity_status
from graph.customer.golden import HOLDERS, golden_value
from graph.reading import Column

_RECORD_KEY = Column("key")


@described
class EmailAddress:
    """An e-mail address of a customer."""

    address: str = entry("The address.")
    is_primary: bool = entry("Whether it is the one to use.", "primary", default=False)
    is_verified: bool = entry("Whether a source has verified it.", "verified", default=False)
    is_shared: bool = entry(
        "Whether several people use it, like `info@`; such an address links nobody.", "shared", default=False
    )
    source_records: list[SourceRecord] = lookup(
        reading.SOURCE_RECORDS, "records", "The records that give it.", key=_RECORD_KEY, many=True
    )


@described
class PhoneNumber:
    """A telephone number of a customer."""

    number: str = entry("The number, in international form where it can be read.")
    is_primary: bool = entry("Whether it is the one to use.", "primary", default=False)
    source_records: list[SourceRecord] = lookup(
        reading.SOURCE_RECORDS, "records", "The records that give it.", key=_RECORD_KEY, many=True
    )


@described
class ExternalId:
    """An id under which another system knows a customer."""

    system: str = entry("The system.")
    value: str = entry("The id.")


@described
class FieldAlternative:
    """A value that did not survive."""

    value: JSON | None = entry("The value.")
    record_key: str = entry("Key of the record that gives it.", "record")
    observed_at: datetime | None = entry("When that record changed last.", "at", convert=from_moment)
    rejected_because: str = entry("Why it lost.", "why", default="not said")
    source_record: SourceRecord | None = lookup(
        reading.SOURCE_RECORDS, "record", "The record that gives it.", key=_RECORD_KEY
    )


def _golden_value(item: Mapping[str, Any], values: Sequence[Any]) -> Any:
    return golden_value(item["field"], dict(zip(HOLDERS, values, strict=True)))


@described
class FieldProvenance:
    """Where a field of the golden record comes from, and why it won."""

    field: CustomerFieldName = entry("The field.")
    value: JSON | None = beside(
        "The value that survived, an address as one text; null of a full name where given and family name go first.",
        _golden_value,
        *(Column(name) for name in HOLDERS),
    )
    rule: str = entry(
        "The rule that decided, e.g. `most_recent`; `only value` when nothing had to be decided.", default=""
    )
    is_pinned: bool = entry("Whether a person has fixed the value.", "pinned", default=False)
    record_key: str | None = entry("Key of the record it comes from.", "record")
    source_record: SourceRecord | None = lookup(
        reading.SOURCE_RECORDS, "record", "The record it comes from.", key=_RECORD_KEY
    )
    alternatives: list[FieldAlternative] = entry("The values that lost.", default=())


@described
class Consent:
    """What may be done on a channel for a purpose; of several statements the most restrictive holds."""

    channel: Channel = entry("The channel.")
    purpose: str = entry("What for.")
    status: ConsentStatus = entry("What was said.")
    stated_at: datetime | None = entry("When it was said.", "at", convert=from_moment)
    evidence: str | None = entry("How it was said.")
    record_key: str | None = entry("Key of the record that says so.", "record")
    source_record: SourceRecord | None = lookup(
        reading.SOURCE_RECORDS, "record", "The record that says so, where it describes the customer.", key=_RECORD_KEY
    )


@described
class StageTransition:
    """A step from one stage of the lifecycle to another."""

    from_stage: str | None = column("The stage before; null at the beginning.")
    to_stage: str = column("The stage reached.", "name", of="stage")
    occurred_at: datetime = instant("When it was reached.", "at")
    left_at: datetime | None = instant("When it was left; null while it lasts.")
    is_regression: bool = column("Whether it leads back to an earlier stage.", "regression", default=False)
    cause: Interaction | None = one(reading.CAUSE_OF_TRANSITION, "The interaction that shows it.")


@described
class Handoff:
    """The responsible team changes within one matter."""

    occurred_at: datetime = instant("When the new team began.", "at")
    matter: str | None = column("Key of the matter.")
    from_team: str | None = column("The team before.")
    to_team: str | None = column("The team after.")
    from_function: str | None = column("The function before.")
    to_function: str | None = column("The function after.")
    wait_seconds: int | None = column(
        "Seconds from the new team's first interaction to its first answer to the customer; along a declared link from "
        "the old one's last. Null while they wait."
    )
    business_wait_seconds: int | None = column("The same within business hours.")
    before: Interaction = one(reading.BEFORE_HANDOFF, "The last interaction of the team before.")
    after: Interaction = one(reading.AFTER_HANDOFF, "The first interaction of the team after.")
    next_score: SurveyResponse | None = one(reading.NEXT_SCORE, "The first score the customer gave afterwards.")


@described
class RepeatedQuestion:
    """Something a customer was asked for although it had been asked before, in another matter."""

    field: str = column("What was asked for.", "", of="field")
    asked_again: Interaction = one(reading.LATER_QUESTION, "The interaction that asked again.")
    asked_first: Interaction = one(reading.EARLIER_QUESTION, "The interaction that asked first.")


@described
class RelatedCustomer:
    """Somebody who shares a household or a company with a customer, and is somebody else."""

    kind: RelationKind = column("What relates them.")
    probability: float = column("How likely it is that this, and nothing else, explains what their records share.")
    customer: LazyCustomer = one(reading.RELATIVE, "The other customer.")


@described
class PinnedField:
    """A golden value that a person has fixed, whatever the sources say."""

    pin_id: str = column("Its id.", "id")
    field: CustomerFieldName = column("The field.")
    value: str = column("The value, as it was given.")
    record_key: str = column("Key of the record that it goes with, through merges and splits.", "record")
    pinned_by: str = column("Who fixed it.", "by")
    pinned_at: datetime = instant("When.", "at")
    reason: str | None = column("Why.")
    reverted_at: datetime | None = instant("When it was taken back, or another pin took its place.")
    reverted_by: str | None = column("Who did that.")
    reverted_because: str | None = column("Why.")


def _external_ids(data: Any, _: Mapping[str, Any]) -> Any:
    return [{"system": system, "value": value} for system, value in sorted(data.items())]


def _primary(data: Any, _: Mapping[str, Any]) -> Any:
    return next((item for item in data if item.get("primary")), None)


def _provenance(data: Any, arguments: Mapping[str, Any]) -> Any:
    wanted = arguments.get("fields")
    known = [member.value for member in (CustomerFieldName if wanted is None else wanted)]
    return [{"field": name, **data[name]} for name in known if name in data]


def _activity_status(values: Sequence[Any], clock: Clock) -> str:
    first, last_inbound, reactivated, churned = (None if at is None else from_milliseconds(at) for at in values)
    return activity_status(first, last_inbound, reactivated, churned, clock.now, clock.activity).value


@described
class Customer(Node):
    """One person at any stage of the lifecycle, made of all records that describe them."""

    id: strawberry.ID = identity()
    former_ids: list[strawberry.ID] = values(
        reading.FORMER_IDS,
        Column("id"),
        "Ids of customers that became this one; they still answer.",
        typename="Customer",
    )
    display_name: str = column("Their name, as one would say it.", default="Unnamed customer")
    given_name: str | None = column("Given name.")
    family_name: str | None = column("Family name.")
    primary_email: EmailAddress | None = document("The e-mail address to use.", "emails", items=_primary)
    emails: list[EmailAddress] = document("All e-mail addresses, the primary one first.")
    primary_phone: PhoneNumber | None = document("The telephone number to use.", "phones", items=_primary)
    phones: list[PhoneNumber] = document("All telephone numbers, the primary one first.")
    job_title: str | None = column("Job title.")
    birth_date: date | None = column("Day of birth.", convert=from_day)
    locale: str | None = column("Language and region.")
    time_zone: str | None = column("Time zone.", "timezone")
    address: PostalAddress | None = itself(
        "Postal address.", Column("street"), Column("city"), Column("region"), Column("postal_code"), Column("country")
    )
    account_name: str | None = column("Name of their company, as they give it.")
    account: Account | None = one(reading.ACCOUNT_OF_CUSTOMER, "The account they work for.")
    owner: str | None = column("Who is responsible for them.")
    team: str | None = column("The responsible team.")
    tags: list[str] = column("Tags of all their records.", default=())
    external_ids: list[ExternalId] = document(
        "Ids under which other systems know them.", items=_external_ids, default=dict
    )
    lifecycle_stage: str | None = column("The stage that the facts show, as rules.toml names it; null until derived.")
    stage_said_by_crm: str | None = column("The stage that their CRM record names; it may disagree.", "stage_said")
    activity_status: ActivityStatus = momentary(
        "Whether they are active just now.",
        _activity_status,
        Column("first_at", instant=True),
        Column("last_inbound_at", instant=True),
        Column("reactivated_at", instant=True),
        Column("churned_at", instant=True),
    )
    segments: list[SegmentMembership] = from_journeys(
        "The segments of rules.toml that they are in.",
        segments_of_customer,
        [Argument("as_of", datetime | None, "As of that moment; now unless said.")],
    )
    sources: list[str] = column("The sources that know them.", default=())
    record_count: int = column("How many source records describe them.", default=0)
    interaction_count: int = column("How many interactions they have.", default=0)
    first_seen_at: datetime | None = instant("Their first interaction.", "first_at")
    last_activity_at: datetime | None = instant("Their last interaction.", "last_at")
    last_inbound_at: datetime | None = instant("When they last did something themselves.")
    created_at: datetime | None = instant("When the earliest of their records was made.")
    updated_at: datetime | None = instant("When the golden record changed last.")
    interactions: Connection[Interaction] = many(
        reading.INTERACTIONS,
        "Their journey; newest first unless ordered otherwise.",
        filter=InteractionFilter,
        order=InteractionOrder,
    )
    tickets: Connection[Ticket] = many(
        matters.TICKETS,
        "Their tickets; those with the newest interaction first unless ordered otherwise.",
        filter=TicketFilter,
        order=TicketOrder,
    )
    deals: Connection[Deal] = many(
        matters.DEALS,
        "Deals they take part in; those with the newest interaction first unless ordered otherwise.",
        filter=DealFilter,
        order=SaleOrder,
    )
    orders: Connection[Order] = many(
        matters.ORDERS,
        "Their orders; those with the newest interaction first unless ordered otherwise.",
        filter=OrderFilter,
        order=SaleOrder,
    )
    subscriptions: Connection[SubscriptionContract] = many(
        matters.SUBSCRIPTIONS,
        "Their subscriptions; those with the newest interaction first unless ordered otherwise.",
        filter=SubscriptionContractFilter,
        order=SaleOrder,
    )
    source_records: Connection[SourceRecord] = many(reading.SOURCE_RECORDS, "The source records that describe them.")
    match_tree: MatchTree = folded(
        reading.TREE_OF_CUSTOMER, TREE_COLUMNS, "Which of their records was joined to which, and why.", fold=folded_tree
    )
    field_provenance: list[FieldProvenance] = document(
        "Where each field of the golden record comes from, and why it won.",
        "provenance",
        items=_provenance,
        arguments=[Argument("fields", list[CustomerFieldName] | None, "Only these fields; all unless said.")],
        default=dict,
    )
    alerts: Connection[Alert] = many(
        alert_reading.ALERTS_OF_CUSTOMER,
        "What rules have noticed about them, the newest first unless ordered otherwise.",
        filter=AlertFilter,
        order=AlertOrder,
    )
    pins: list[PinnedField] = every(
        reading.PINS_OF_CUSTOMER, "Values that people have fixed and not taken back; of one field the last holds."
    )
    stage_transitions: Connection[StageTransition] = many(
        reading.STAGE_TRANSITIONS, "Their way through the lifecycle, from the beginning."
    )
    handoffs: Connection[Handoff] = many(reading.HANDOFFS, "Where they were handed on between teams.")
    consents: list[Consent] = document("What may be done on which channel, for which purpose.")
    survey_responses: Connection[SurveyResponse] = many(
        reading.SURVEY_RESPONSES,
        "Scores they gave, newest first; filtered like interactions.",
        filter=InteractionFilter,
    )
    related_customers: Connection[RelatedCustomer] = many(
        reading.RELATED_CUSTOMERS,
        "Who lives with them or works where they do, the likeliest first.",
        narrowed=[(Argument("kind", RelationKind | None, "Only these; both unless said."), Column("kind"))],
    )
    repeated_questions: list[RepeatedQuestion] = every(
        reading.REPEATED_QUESTIONS, "What they were asked for again, though it had been asked before."
    )
    metrics: CustomerMetrics | None = from_journeys(
        "What they brought, are worth, risk, and wait for, worked out from all journeys; null of a customer of whom "
        "these do not know yet.",
        tell_metrics,
    )
