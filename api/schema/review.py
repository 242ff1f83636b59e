"""What waits for a person's decision."""

from __future__ import annotations

from typing import Any

import strawberry

from api.plan.fields import column, described, entry, folded, identity, later, one
from api.plan.filters import described_input, option, where
from api.schema.enums import SortDirection
from api.schema.explanation import MatchExplanation, work_explanations
from api.schema.filters import StringFilter
from api.schema.match_decision import MatchDecision
from api.schema.match_enums import MatchReviewOrderField, MatchReviewStatus
from api.schema.paging import Node
from api.schema.source import SourceRecord
from graph.customer import reading
from graph.customer.impact import Side, impact_of
from graph.reading import Column


@described
class MatchImpact:
    """What it would change if the two records were said to be one person."""

    customers_merged: int = entry("Customers that would become one; 0 where the two describe one already.", "customers")
    interactions_moved: int = entry("Interactions that would go to another customer.", "interactions")
    consents_narrowed: int = entry(
        "Consents of a channel and purpose that one grants and the other refuses: what refuses would hold.", "consents"
    )


def _impact(rows: list[list[Any]]) -> dict[str, int]:
    found = impact_of([Side(id, people, interactions or 0, consents) for id, people, interactions, consents in rows])
    return {"customers": found.customers, "interactions": found.interactions, "consents": found.consents}


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
    impact: MatchImpact = folded(
        reading.CUSTOMERS_OF_REVIEW,
        (Column("id"), Column("", "people"), Column("interaction_count"), Column("consents")),
        "What accepting it would change, as the two customers are now; a dry run of `acceptMatch` names each change.",
        fold=_impact,
    )
    explanation: MatchExplanation | None = later(
        "The case of the two records under the linkage model in force, as `matchExplanation` tells it.",
        work_explanations,
        Column("key", "first"),
        Column("key", "second"),
    )
    decision: MatchDecision | None = one(reading.DECISION_OF_REVIEW, "What closed it; null while it waits.")


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
