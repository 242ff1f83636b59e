"""The root of all changes: who is who as people decide, values that they fix, what they report, syncs they start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import strawberry

from api.plan.fields import Argument, described, entry, lookup, root
from api.plan.filters import described_input, option
from api.plan.ids import encode_id, key_of
from api.plan.roots import Bench, RootWorked
from api.plan.rows import Arguments
from api.schema.alert_handling import (
    AcknowledgeAlertInput,
    AlertPayload,
    AssignAlertInput,
    ReopenAlertInput,
    ResolveAlertInput,
    SnoozeAlertInput,
    handled,
    handles,
)
from api.schema.customer import Customer
from api.schema.enums import Channel, ConsentStatus
from api.schema.initiative import RECORD_INITIATIVE_ARGUMENTS, RecordInitiativePayload, work_record_initiative
from api.schema.lifecycle import (
    RecordLifecycleBaselineInput,
    RecordLifecycleBaselinePayload,
    work_record_baseline,
)
from api.schema.pin import PinFieldInput, PinPayload, UnpinFieldInput, work_pin, work_unpin
from api.schema.recording import (
    RecordInteractionInput,
    RecordInteractionPayload,
    RecordSurveyResponseInput,
    RecordSurveyResponsePayload,
    work_interaction,
    work_survey_response,
)
from api.schema.review import MatchDecision, MatchReview
from api.schema.sync import StartSyncInput, StartSyncPayload, work_start
from api.schema.user_error import UserError, user_error
from graph.alerts.handling import Deed
from graph.customer import reading
from graph.reading import Column
from graph.sync.asking import Ask, Refused
from graph.sync.decisions import (
    Done,
    LeftReview,
    Pair,
    accept_above,
    accept_match,
    assign_review,
    merge_customers,
    reject_match,
    revert_decision,
    split_customer,
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


def _decides(change: Change) -> RootWorked:
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


async def _assign(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    given = arguments["input"]
    pair = _pair(given)
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


def _pair(given: Mapping[str, Any]) -> Pair:
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


def _input(type_: Any) -> list[Argument]:
    return [Argument("input", type_, "What is decided.")]


@described
class Mutation:
    """Everything that can be changed. Changes of one request are made one after another."""

    accept_match: MatchDecisionPayload = root(
        "Two records of a review are one person: their customers become one.",
        _decides(lambda bench, given, ask: accept_match(bench.store, bench.rules, _pair(given), ask)),
        _input(AcceptMatchInput),
    )
    accept_matches: MatchDecisionPayload = root(
        "Accept open reviews that are likely enough, the likeliest first and at most 100; those that contradict a "
        "decision are left, and told.",
        _decides(lambda bench, given, ask: accept_above(bench.store, bench.rules, given["aboveProbability"], ask)),
        _input(AcceptMatchesInput),
    )
    reject_match: MatchDecisionPayload = root(
        "Two records of a review are different people, for good.",
        _decides(lambda bench, given, ask: reject_match(bench.store, bench.rules, _pair(given), ask)),
        _input(RejectMatchInput),
    )
    assign_match_review: AssignMatchReviewPayload = root(
        "Say who looks into a review.", RootWorked(_assign), _input(AssignMatchReviewInput)
    )
    merge_customers: MatchDecisionPayload = root(
        "Customers are one person; the ids that go answer for ever.",
        _decides(
            lambda bench, given, ask: merge_customers(
                bench.store, bench.rules, [key_of(text, "Customer") for text in given["customerIds"]], ask
            )
        ),
        _input(MergeCustomersInput),
    )
    split_customer: MatchDecisionPayload = root(
        "Some records of a customer are somebody else, for good.",
        _decides(
            lambda bench, given, ask: split_customer(
                bench.store,
                bench.rules,
                key_of(given["customerId"], "Customer"),
                [key_of(text, "SourceRecord") for text in given["recordIds"]],
                ask,
            )
        ),
        _input(SplitCustomerInput),
    )
    revert_match_decision: MatchDecisionPayload = root(
        "Take a decision back: records are linked as if it had never been, under the ids of before.",
        _decides(
            lambda bench, given, ask: revert_decision(
                bench.store, bench.rules, key_of(given["decisionId"], "MatchDecision"), ask
            )
        ),
        _input(RevertMatchDecisionInput),
    )
    pin_field: PinPayload = root(
        "Fix a value of a customer's golden record, whatever the sources say; an earlier pin of that field gives way.",
        RootWorked(work_pin),
        _input(PinFieldInput),
    )
    unpin_field: PinPayload = root(
        "Take a pinned value back: the sources decide again.", RootWorked(work_unpin), _input(UnpinFieldInput)
    )
    assign_alert: AlertPayload = root(
        "Say who answers for an alert.", handles(Deed.ASSIGNED), handled(AssignAlertInput)
    )
    acknowledge_alert: AlertPayload = root(
        "Take an alert on.", handles(Deed.ACKNOWLEDGED), handled(AcknowledgeAlertInput)
    )
    snooze_alert: AlertPayload = root(
        "Put an alert off; it is open again by itself when the moment has come.",
        handles(Deed.SNOOZED),
        handled(SnoozeAlertInput),
    )
    resolve_alert: AlertPayload = root(
        "Close an alert, with what came of it.", handles(Deed.RESOLVED), handled(ResolveAlertInput)
    )
    reopen_alert: AlertPayload = root(
        "Open an alert again that was closed.", handles(Deed.REOPENED), handled(ReopenAlertInput)
    )
    record_initiative: RecordInitiativePayload = root(
        "Keep what a function does, since when, and what it expects of it; it is drawn on every series.",
        RootWorked(work_record_initiative),
        RECORD_INITIATIVE_ARGUMENTS,
    )
    record_lifecycle_baseline: RecordLifecycleBaselinePayload = root(
        "Keep acquisition, activation, retention, reactivation and the stages of a period, to measure against later.",
        RootWorked(work_record_baseline),
        [Argument("input", RecordLifecycleBaselineInput, "Which.")],
    )
    record_interaction: RecordInteractionPayload = root(
        "Record something that a customer experienced and no connected system keeps; their journey shows it at once.",
        RootWorked(work_interaction),
        [Argument("input", RecordInteractionInput, "What happened.")],
    )
    record_survey_response: RecordSurveyResponsePayload = root(
        "Record a customer's answer to a survey; their journey shows it at once.",
        RootWorked(work_survey_response),
        [Argument("input", RecordSurveyResponseInput, "What was answered.")],
    )
    start_sync: StartSyncPayload = root(
        "Start a sync of the sources, unless one is under way; it goes on by itself, also when the API ends.",
        RootWorked(work_start),
        [Argument("input", StartSyncInput, "Which sync is wanted.")],
    )
