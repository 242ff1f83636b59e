"""Who is who, as people decide it: what is asked for, and what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import strawberry

from api.plan.fields import described, entry, lookup
from api.plan.filters import described_input, option
from api.plan.ids import encode_id, key_of
from api.plan.roots import Bench, RootWorked
from api.plan.rows import Arguments
from api.schema.customer import Customer
from api.schema.enums import Channel, ConsentStatus
from api.schema.match_decision import MatchDecision
from api.schema.review import MatchReview
from api.schema.user_error import UserError, user_error
from graph.customer import reading
from graph.reading import Column
from graph.sync.asking import Ask, Refused
from graph.sync.decisions import (
    Done,
    LeftReview,
    Pair,
    assign_review,
)
from graph.sync.effect import Effect

_ID = Column("id")
_DRY_RUN = "Only tell what would change."
_REASON = "Why; it is kept with the decision."
_KEY = "A text of your choice: a request that is sent again with it decides nothing anew; another with it is refused."


@described_input
class AcceptMatchInput:
    """A pair that is one person."""

    review_id: strawberry.ID = strawberry.field(description="The match review.")
    version: str | None = option("The review's `version` as it was seen: what has changed since is refused.")
    reason: str | None = option(_REASON)
    idempotency_key: str | None = option(_KEY)
    dry_run: bool = strawberry.field(description=_DRY_RUN, default=False)


@described_input
class RejectMatchInput:
    """A pair that is two people."""

    review_id: strawberry.ID = strawberry.field(description="The match review.")
    version: str | None = option("The review's `version` as it was seen: what has changed since is refused.")
    reason: str | None = option(_REASON)
    idempotency_key: str | None = option(_KEY)
    dry_run: bool = strawberry.field(description=_DRY_RUN, default=False)


@described_input
class AcceptMatchesInput:
    """All open pairs that are likely enough."""

    above_probability: float = strawberry.field(description="At least so likely, 0.5 to 1.")
    reason: str | None = option(_REASON)
    idempotency_key: str | None = option(_KEY)
    dry_run: bool = strawberry.field(description=_DRY_RUN, default=False)


@described_input
class AssignMatchReviewInput:
    """Who looks into a pair."""

    review_id: strawberry.ID = strawberry.field(description="The match review.")
    assignee: str | None = option("Their name; null takes it back.")
    idempotency_key: str | None = option(
        "A text of your choice: a request that is sent again with it assigns nothing anew; another with it is refused."
    )
    dry_run: bool = strawberry.field(description="Only tell whether it can be assigned.", default=False)


@described_input
class MergeCustomersInput:
    """Customers that are one person."""

    customer_ids: list[strawberry.ID] = strawberry.field(description="Their ids, at least two; former ids will do.")
    reason: str | None = option(_REASON)
    idempotency_key: str | None = option(_KEY)
    dry_run: bool = strawberry.field(description=_DRY_RUN, default=False)


@described_input
class SplitCustomerInput:
    """Records that are somebody else than the rest of their customer."""

    customer_id: strawberry.ID = strawberry.field(description="The customer.")
    record_ids: list[strawberry.ID] = strawberry.field(description="Ids of the source records that go.")
    reason: str | None = option(_REASON)
    idempotency_key: str | None = option(_KEY)
    dry_run: bool = strawberry.field(description=_DRY_RUN, default=False)


@described_input
class RevertMatchDecisionInput:
    """A decision to take back."""

    decision_id: strawberry.ID = strawberry.field(description="The decision.")
    reason: str | None = option("Why it is taken back; it is kept with the decision.")
    idempotency_key: str | None = option(_KEY)
    dry_run: bool = strawberry.field(description=_DRY_RUN, default=False)


@described
class MovedRecord:
    """A source record that describes another customer afterwards."""

    record_key: str = entry("Its key.", "record")
    record_id: strawberry.ID = entry("Its id.")
    from_customer_id: strawberry.ID | None = entry("The customer before.")
    to_customer_id: strawberry.ID | None = entry("The customer afterwards; null: one that is new.")
    interaction_count: int = entry("Interactions that move along.", "interactions")


@described
class ChangedConsent:
    """A consent that is another one afterwards; of several records the most restrictive statement holds."""

    customer_id: strawberry.ID = entry("The customer before.")
    channel: Channel = entry("The channel.")
    purpose: str = entry("What for.")
    before: ConsentStatus | None = entry("What held; null: nothing was said.")
    after: ConsentStatus | None = entry("What holds afterwards.")


@described
class MatchChange:
    """What a decision changes, or would change."""

    moved_records: list[MovedRecord] = entry("Records that go to another customer.", "moved")
    interaction_count: int = entry("Interactions that move along.", "interactions")
    changed_consents: list[ChangedConsent] = entry("Consents that are others afterwards.", "consents")
    retired_customer_ids: list[strawberry.ID] = entry("Ids that another id answers for afterwards.", "retired")
    created_customer_count: int = entry("Customers that are made, or come back.", "created")


@described
class LeftMatchReview:
    """A review that could not be accepted with the others."""

    review_id: strawberry.ID = entry("The match review; it waits on.")
    message: str = entry("Why, in a sentence.")
    decision_ids: list[strawberry.ID] = entry(
        "The decisions that stand against it, in the order of their chain; after a dry run without those it would take."
    )


@described
class MatchDecisionPayload:
    """What came of a decision. With `userErrors` nothing was changed."""

    decisions: list[MatchDecision] = lookup(
        reading.DECISIONS_BY_ID, "decision_keys", "The decisions; none after a dry run.", key=_ID, many=True
    )
    customers: list[Customer] = lookup(
        reading.CUSTOMERS_BY_ID,
        "customer_keys",
        "The customers whose records changed, as they are now; in a dry run as they are before.",
        key=_ID,
        many=True,
    )
    change: MatchChange | None = entry("What changed; null with `userErrors`.")
    left_reviews: list[LeftMatchReview] = entry(
        "Of `acceptMatches`: likely reviews that contradict a decision, and were left.", default=()
    )
    user_errors: list[UserError] = entry("Why nothing was changed; empty when all is well.")


@described
class AssignMatchReviewPayload:
    """What came of an assignment."""

    review: MatchReview | None = lookup(
        reading.REVIEWS_BY_ID, "review_keys", "The review as it is now.", key=Column("", "pair")
    )
    user_errors: list[UserError] = entry("Why nothing was changed; empty when all is well.")


Change = Callable[[Bench, Arguments, Ask], Awaitable[Done]]


def decides(change: Change) -> RootWorked:
    """What a decision is worked out by."""

    async def work(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
        given = arguments["input"]
        try:
            done = await change(bench, given, _ask(bench, given))
        except Refused as refused:
            return {"user_errors": [user_error(refused)]}
        return {
            "decision_keys": [decision.id for decision in done.decisions],
            "customer_keys": list(done.effect.customers),
            "change": _change(done.effect),
            "left_reviews": [_left(review) for review in done.left],
            "user_errors": [],
        }

    return RootWorked(work)


async def work_assignment(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of an `assignMatchReview` field."""
    given = arguments["input"]
    pair = pair_of(given)
    try:
        await assign_review(bench.store, pair, given.get("assignee"), _ask(bench, given))
    except Refused as refused:
        return {"user_errors": [user_error(refused)]}
    return {"review_keys": f"{pair.left}\n{pair.right}", "user_errors": []}


def _ask(bench: Bench, given: Mapping[str, Any]) -> Ask:
    return Ask(
        by=bench.viewer,
        reason=given.get("reason"),
        idempotency_key=given.get("idempotencyKey"),
        dry_run=given["dryRun"],
    )


def pair_of(given: Mapping[str, Any]) -> Pair:
    """The review that an input names."""
    left, _, right = key_of(given["reviewId"], "MatchReview").partition("\n")
    return Pair(left, right, given.get("version"))


def _left(review: LeftReview) -> dict[str, Any]:
    return {
        "review_id": encode_id("MatchReview", f"{review.left}\n{review.right}"),
        "message": review.chain.sentence,
        "decision_ids": [encode_id("MatchDecision", decision.id) for decision in review.chain.decisions],
    }


def _change(effect: Effect) -> dict[str, Any]:
    return {
        "moved": [
            {
                "record": moved.record,
                "record_id": encode_id("SourceRecord", moved.record),
                "from_customer_id": _customer(moved.from_customer),
                "to_customer_id": _customer(moved.to_customer),
                "interactions": moved.interactions,
            }
            for moved in effect.moved
        ],
        "interactions": effect.interactions,
        "consents": [
            {
                "customer_id": _customer(consent.customer),
                "channel": consent.channel,
                "purpose": consent.purpose,
                "before": consent.before,
                "after": consent.after,
            }
            for consent in effect.consents
        ],
        "retired": [_customer(id) for id in effect.retired],
        "created": effect.created,
    }


def _customer(id: str | None) -> str | None:
    return None if id is None else encode_id("Customer", id)
