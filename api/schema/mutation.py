"""The root of all changes: who is who as people decide, values that they fix, what they report, syncs they start."""

from __future__ import annotations

from typing import Any

from api.plan.fields import Argument, described, root
from api.plan.ids import key_of
from api.plan.roots import RootWorked
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
from api.schema.deciding import (
    AcceptMatchesInput,
    AcceptMatchInput,
    AssignMatchReviewInput,
    AssignMatchReviewPayload,
    MatchDecisionPayload,
    MergeCustomersInput,
    RejectMatchInput,
    RevertMatchDecisionInput,
    SplitCustomerInput,
    decides,
    pair_of,
    work_assignment,
)
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
from api.schema.sync import StartSyncInput, StartSyncPayload, work_start
from graph.alerts.handling import Deed
from graph.sync.decisions import (
    accept_above,
    accept_match,
    merge_customers,
    reject_match,
    revert_decision,
    split_customer,
)


def _input(type_: Any) -> list[Argument]:
    return [Argument("input", type_, "What is decided.")]


@described
class Mutation:
    """Everything that can be changed. Changes of one request are made one after another."""

    accept_match: MatchDecisionPayload = root(
        "Two records of a review are one person: their customers become one.",
        decides(lambda bench, given, ask: accept_match(bench.store, bench.rules, pair_of(given), ask)),
        _input(AcceptMatchInput),
    )
    accept_matches: MatchDecisionPayload = root(
        "Accept open reviews that are likely enough, the likeliest first and at most 100; those that contradict a "
        "decision are left, and told.",
        decides(lambda bench, given, ask: accept_above(bench.store, bench.rules, given["aboveProbability"], ask)),
        _input(AcceptMatchesInput),
    )
    reject_match: MatchDecisionPayload = root(
        "Two records of a review are different people, for good.",
        decides(lambda bench, given, ask: reject_match(bench.store, bench.rules, pair_of(given), ask)),
        _input(RejectMatchInput),
    )
    assign_match_review: AssignMatchReviewPayload = root(
        "Say who looks into a review.", RootWorked(work_assignment), _input(AssignMatchReviewInput)
    )
    merge_customers: MatchDecisionPayload = root(
        "Customers are one person; the ids that go answer for ever.",
        decides(
            lambda bench, given, ask: merge_customers(
                bench.store, bench.rules, [key_of(text, "Customer") for text in given["customerIds"]], ask
            )
        ),
        _input(MergeCustomersInput),
    )
    split_customer: MatchDecisionPayload = root(
        "Some records of a customer are somebody else, for good.",
        decides(
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
        decides(
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
