"""What waits for a person's decision, and what people have decided."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.plan.fields import column, described, identity, instant, one
from api.plan.filters import described_input, option, where
from api.schema.enums import MatchDecisionKind, MatchReviewOrderField, MatchReviewStatus, SortDirection
from api.schema.filters import StringFilter
from api.schema.paging import Node
from api.schema.source import SourceRecord
from graph.customer import reading


@described
class MatchReview(Node):
    """Two source records that may be one person; the linkage is not sure enough to say."""

    id: strawberry.ID = identity("", of="pair")
    status: MatchReviewStatus = column("Whether somebody has decided.")
    weight_bits: float = column("The weight of the evidence, in bits.", "weight")
    probability: float = column("How likely it is that they are one person.")
    interaction_count: int = column("How many interactions their customers have: what is at stake.", "stake")
    assignee: str | None = column("Who looks into it.")
    version: str = column("Pass it on when you decide: it changes with the records.", "", of="version")
    first: SourceRecord = one(reading.FIRST_OF_REVIEW, "The one record.")
    second: SourceRecord = one(reading.SECOND_OF_REVIEW, "The other record.")


@described
class MatchDecision(Node):
    """What a person decided about records; every later run obeys it until it is taken back."""

    id: strawberry.ID = identity()
    kind: MatchDecisionKind = column("What was decided.")
    record_keys: list[str] = column("Keys of the records it is about.", "records")
    apart_keys: list[str] = column("Of a split: the keys of the records that went.", "apart", default=())
    decided_by: str = column("Who decided.", "by")
    decided_at: datetime = instant("When.", "at")
    reason: str | None = column("Why.")
    reverted_at: datetime | None = instant("When it was taken back; null while it holds.")
    reverted_by: str | None = column("Who took it back.")
    reverted_because: str | None = column("Why it was taken back.")


@described_input
class MatchReviewStatusFilter:
    """Compares a status."""

    eq: MatchReviewStatus | None = option("Equal to.")
    in_: list[MatchReviewStatus] | None = option("One of.", "in")


@described_input
class FloatFilter:
    """Compares a number; all that is given must hold."""

    gte: float | None = option("At least.")
    lt: float | None = option("Less than.")


@described_input
class MatchReviewFilter:
    """Which pairs; all that is given must hold."""

    status: MatchReviewStatusFilter | None = where("Whether somebody has decided.", "status")
    assignee: StringFilter | None = where("Who looks into it.", "assignee")
    probability: FloatFilter | None = where("How likely it is that they are one person.", "probability")
    and_: list[MatchReviewFilter] | None = option("All of these hold.", "and")
    or_: list[MatchReviewFilter] | None = option("One of these holds.", "or")
    not_: MatchReviewFilter | None = option("This does not hold.", "not")


@described_input
class MatchReviewOrder:
    """One criterion match reviews are sorted by."""

    field: MatchReviewOrderField = strawberry.field(description="By what.")
    direction: SortDirection = strawberry.field(description="Which way.", default=SortDirection.ASC)
