"""Filters and orders: inputs whose fields name the properties they compare."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.plan.clock import Clock
from api.plan.errors import bad_input
from api.plan.filters import Asking, described_input, one_of, option, where, where_follows, where_means, where_some
from api.plan.ids import key_of
from api.schema.enums import (
    ActivityStatus,
    BusinessFunction,
    Channel,
    CustomerOrderField,
    Direction,
    InteractionOrderField,
    SortDirection,
    SurveyMetric,
)
from graph.customer import reading
from graph.customer.activity import ActivityStatus as Status
from graph.journeys.journeys import Journeys
from graph.reading import Column, Predicate
from graph.segments.segments import UnknownSegment, ids_in, segment_of

_ID = Column("id", nullable=False)


@described_input
class StringFilter:
    """Compares a text; all that is given must hold."""

    eq: str | None = option("Equal to.")
    in_: list[str] | None = option("One of.", "in")
    not_in: list[str] | None = option("None of.")
    starts_with: str | None = option("Begins with; case matters.")
    is_null: bool | None = option("Whether nothing is said.")


@described_input
class SegmentFilter:
    """Compares the segments that a customer is in at the moment of the request."""

    eq: str | None = option("In this segment of rules.toml.")
    in_: list[str] | None = option("In one of these.", "in")


@described_input
class TagFilter:
    """Compares a list of texts."""

    in_: list[str] | None = option("The list holds one of these.", "in")


@described_input
class IntFilter:
    """Compares a number; all that is given must hold."""

    eq: int | None = option("Equal to.")
    gte: int | None = option("At least.")
    lt: int | None = option("Less than.")


@described_input
class DateTimeFilter:
    """Compares a moment; all that is given must hold."""

    gte: datetime | None = option("At or after.")
    lt: datetime | None = option("Before.")
    is_null: bool | None = option("Whether nothing is known.")


@described_input
class ChannelFilter:
    """Compares a channel."""

    eq: Channel | None = option("Equal to.")
    in_: list[Channel] | None = option("One of.", "in")


@described_input
class FunctionFilter:
    """Compares a function of the company."""

    eq: BusinessFunction | None = option("Equal to.")
    in_: list[BusinessFunction] | None = option("One of.", "in")


@described_input
class DirectionFilter:
    """Compares a direction."""

    eq: Direction | None = option("Equal to.")
    in_: list[Direction] | None = option("One of.", "in")


@described_input
class MetricFilter:
    """Compares what a survey measures."""

    eq: SurveyMetric | None = option("Equal to.")
    in_: list[SurveyMetric] | None = option("One of.", "in")


@described_input
class ActivityStatusFilter:
    """Compares an activity status."""

    eq: ActivityStatus | None = option("Equal to.")
    in_: list[ActivityStatus] | None = option("One of.", "in")


@described_input
class InteractionFilter:
    """Which interactions; all that is given must hold."""

    kind: StringFilter | None = where("The kind, e.g. `ticket.created`; see `interactionKinds`.", "kind")
    channel: ChannelFilter | None = where("Where it happened.", "channel")
    function: FunctionFilter | None = where("Which function acted.", "function")
    direction: DirectionFilter | None = where("Who acted.", "direction")
    occurred_at: DateTimeFilter | None = where("When it happened.", "at")
    is_automated: bool | None = where("Whether a machine did it, e.g. a scanner opened a mail.", "automated")
    source: StringFilter | None = where("The source that reported it.", "source")
    stage: StringFilter | None = where("The customer's stage when it happened.", "stage")
    metric: MetricFilter | None = where("What its score measures.", "metric")
    and_: list[InteractionFilter] | None = option("All of these hold.", "and")
    or_: list[InteractionFilter] | None = option("One of these holds.", "or")
    not_: InteractionFilter | None = option("This does not hold.", "not")


@described_input
class SomeInteractions:
    """Customers by what they lived through."""

    some: InteractionFilter | None = option("They have such an interaction.")
    none: InteractionFilter | None = option("They have no such interaction.")


def _is_active(status: str, asking: Asking) -> Predicate:
    return reading.has_activity_status(
        Status(status),
        asking.moment(lambda clock: clock.new_since),
        asking.moment(lambda clock: clock.dormant_since),
        asking.moment(lambda clock: clock.now),
    )


def _in_segments(names: list[str], journeys: Journeys, clock: Clock) -> list[str]:
    try:
        wanted = [segment_of(name, journeys.rules) for name in names]
    except UnknownSegment as unknown:
        raise bad_input(str(unknown)) from None
    return ids_in(wanted, journeys, int(clock.now.timestamp() * 1000))


@described_input
class CustomerFilter:
    """Which customers; all that is given must hold."""

    lifecycle_stage: StringFilter | None = where("The stage that the facts show.", "lifecycle_stage")
    activity_status: ActivityStatusFilter | None = where_means("Whether they are active.", _is_active)
    segment: SegmentFilter | None = where_follows("Which segments they are in; see `segments`.", _ID, _in_segments)
    country: StringFilter | None = where("Country, ISO 3166 alpha-2.", "country")
    owner: StringFilter | None = where("Who is responsible.", "owner")
    tags: TagFilter | None = where("Their tags.", "tags", listed=True)
    sources: TagFilter | None = where("The sources that know them.", "sources", listed=True)
    record_count: IntFilter | None = where("How many source records describe them.", "record_count")
    interaction_count: IntFilter | None = where("How many interactions they have.", "interaction_count")
    created_at: DateTimeFilter | None = where("When the earliest of their records was made.", "created_at")
    updated_at: DateTimeFilter | None = where("When the golden record changed last.", "updated_at")
    first_seen_at: DateTimeFilter | None = where("Their first interaction.", "first_at")
    last_activity_at: DateTimeFilter | None = where("Their last interaction.", "last_at")
    account: strawberry.ID | None = where_some(
        "The account they work for.",
        reading.ACCOUNT_OF_CUSTOMER,
        Column("id"),
        lambda text: key_of(text, "Account"),
    )
    interactions: SomeInteractions | None = where_some("What they lived through.", reading.INTERACTIONS)
    and_: list[CustomerFilter] | None = option("All of these hold.", "and")
    or_: list[CustomerFilter] | None = option("One of these holds.", "or")
    not_: CustomerFilter | None = option("This does not hold.", "not")


@described_input
class CustomerOrder:
    """One criterion customers are sorted by."""

    field: CustomerOrderField = strawberry.field(description="By what.")
    direction: SortDirection = strawberry.field(description="Which way.", default=SortDirection.ASC)


@described_input
class InteractionOrder:
    """The criterion interactions are sorted by."""

    field: InteractionOrderField = strawberry.field(description="By what.")
    direction: SortDirection = strawberry.field(description="Which way.", default=SortDirection.DESC)


@described_input
class SourceRecordKeyInput:
    """A record of a source."""

    source: str = strawberry.field(description="The source, as plugins.toml names it.")
    stream: str = strawberry.field(description="The stream of the record, e.g. `contacts`: ids repeat between streams.")
    source_id: str = strawberry.field(description="The record's id in that stream.")


@described_input
class ExternalIdInput:
    """An id under which another system knows somebody."""

    system: str = strawberry.field(description="The system.")
    value: str = strawberry.field(description="The id.")


@one_of
class CustomerIdentifierInput:
    """What one customer is looked up by: exactly one of these."""

    email_address: str | None = option("An e-mail address, however it is written.")
    phone_number: str | None = option("A telephone number, in international form.")
    source_record: SourceRecordKeyInput | None = option("A record of a source.")
    external_id: ExternalIdInput | None = option("An id of another system.")
