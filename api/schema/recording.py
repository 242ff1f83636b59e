"""Recording what no connected system keeps: an interaction, or the answer to a survey."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import strawberry

from api.plan.fields import described, entry, lookup
from api.plan.filters import described_input, one_of, option, plain
from api.plan.ids import encode_id, key_of
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.customer import Customer
from api.schema.enums import (
    BusinessFunction,
    Channel,
    Direction,
    RecordingErrorCode,
    SurveyMetric,
    SurveyProgram,
)
from api.schema.filters import ExternalIdInput
from api.schema.interaction import Interaction
from api.schema.scalars import JSON
from api.schema.survey import SurveyResponse
from connectors import records
from graph.customer import reading
from graph.reading import Column
from graph.sync.recording import SOURCE, STREAM, NotRecorded, Recorded, Report, new_id, record
from graph.sync.request import request_hash

_ID = Column("id")
_KEY = (
    "A text of your choice: a request that is sent again with it records nothing, and gives the first answer; another "
    "one with it is refused."
)
_DRY_RUN = "Only tell whether it could be recorded, and of whom."
_AT = "When it happened; now, unless said."


@one_of
class RecordedPersonInput:
    """Who experienced it: exactly one of these. Somebody whom no source knows is linked by the next sync."""

    customer_id: strawberry.ID | None = option("A customer; a former id will do.")
    email_address: str | None = option("An e-mail address.")
    phone_number: str | None = option("A telephone number, in international form.")
    external_id: ExternalIdInput | None = option("An id of another system.")
    anonymous_id: str | None = option(
        "An id under which a web site or an app knows somebody before they say who they are."
    )


@described_input
class MoneyInput:
    """An amount in a currency."""

    amount: float = strawberry.field(description="The amount.")
    currency_code: str = strawberry.field(description="ISO 4217.")


@described_input
class ScoreScaleInput:
    """The scale of a score."""

    min: float = strawberry.field(description="The lowest score.")
    max: float = strawberry.field(description="The highest score.")


@described_input
class RecordInteractionInput:
    """Something that a customer experienced."""

    who: RecordedPersonInput = strawberry.field(description="Who experienced it.")
    kind: str = strawberry.field(description="What happened, e.g. `call.made`; see `interactionKinds`.")
    function: BusinessFunction = strawberry.field(description="Which function of the company acted.")
    channel: Channel = strawberry.field(description="Where it happened.")
    direction: Direction = strawberry.field(description="Who acted.")
    occurred_at: datetime | None = option(_AT)
    ended_at: datetime | None = option("When it ended.")
    is_automated: bool = strawberry.field(description="Whether a machine did it.", default=False)
    activity_id: str | None = option("The same for every participant of one meeting, deal or call.")
    role: str | None = option("The customer's part in it.")
    team: str | None = option("The team that acted.")
    agent: str | None = option("Who acted for the company.")
    subject: str | None = option("What it says on top.")
    text: str | None = option("What was said or written.")
    reason: str | None = option("The reason that was given.")
    topic: str | None = option("What it is about.")
    ticket: str | None = option("Key of the ticket it belongs to: source/id.")
    deal: str | None = option("Key of the deal it belongs to: source/id.")
    order: str | None = option("Key of the order it belongs to: source/id.")
    subscription: str | None = option("Key of the subscription it belongs to: source/id.")
    amount: MoneyInput | None = option("The money it is about.")
    requested_fields: list[str] | None = option("What the customer was asked for in it.")
    source_url: str | None = option("Where to see more of it.")
    extra: JSON | None = option("What there is to say beyond all this: a JSON object.")
    idempotency_key: str | None = option(_KEY)
    dry_run: bool = strawberry.field(description=_DRY_RUN, default=False)


@described_input
class RecordSurveyResponseInput:
    """An answer with a score."""

    who: RecordedPersonInput = strawberry.field(description="Who answered.")
    metric: SurveyMetric = strawberry.field(description="What was measured.")
    score: float = strawberry.field(description="The score as it was given; of NPS and CES a whole number.")
    scale: ScoreScaleInput = strawberry.field(description="The scale of the score: of NPS 0 to 10, of CES 1 to 7.")
    program: SurveyProgram | None = option("What the survey is about.")
    question: str | None = option("What was asked.")
    comment: str | None = option("The answer in the customer's own words.")
    reason: str | None = option("The reason they chose.")
    topic: str | None = option("What it is about.")
    answered_at: datetime | None = option("When it was answered; now, unless said.")
    function: BusinessFunction = strawberry.field(
        description="Which function of the company asked.", default=BusinessFunction.SERVICE
    )
    channel: Channel = strawberry.field(description="Where it was answered.", default=Channel.WEB)
    ticket: str | None = option("Key of the ticket it is about: source/id.")
    survey_token: str | None = option("The token that was sent with the survey.")
    idempotency_key: str | None = option(_KEY)
    dry_run: bool = strawberry.field(description=_DRY_RUN, default=False)


@described
class RecordingError:
    """Why nothing was recorded, for whoever reported it."""

    code: RecordingErrorCode = entry("What is wrong.")
    field: str | None = entry("The input that is to blame.")
    message: str = entry("The same in a sentence.")
    customer_ids: list[strawberry.ID] = entry("The customers who share the identifier.")


@described
class RecordInteractionPayload:
    """What came of it. With `userErrors` nothing was recorded."""

    interaction: Interaction | None = lookup(
        reading.INTERACTIONS_BY_ID, "interaction_keys", "The interaction; null after a dry run.", key=_ID
    )
    customer: Customer | None = lookup(
        reading.CUSTOMERS_BY_ID, "customer_keys", "Who experienced it; null for somebody whom no source knows.", key=_ID
    )
    is_pending: bool = entry(
        "Whether the journey shows it only later: after the sync at work or, of somebody unknown, after the next one.",
        "pending",
        default=False,
    )
    is_replay: bool = entry(
        "Whether the same request came before: nothing was recorded now.", "replayed", default=False
    )
    user_errors: list[RecordingError] = entry("Why nothing was recorded; empty when all is well.")


@described
class RecordSurveyResponsePayload:
    """What came of it. With `userErrors` nothing was recorded."""

    survey_response: SurveyResponse | None = lookup(
        reading.SURVEYS_BY_ID, "interaction_keys", "The answer; null after a dry run.", key=_ID
    )
    customer: Customer | None = lookup(
        reading.CUSTOMERS_BY_ID, "customer_keys", "Who answered; null for somebody whom no source knows.", key=_ID
    )
    is_pending: bool = entry(
        "Whether the journey shows it only later: after the sync at work or, of somebody unknown, after the next one.",
        "pending",
        default=False,
    )
    is_replay: bool = entry(
        "Whether the same request came before: nothing was recorded now.", "replayed", default=False
    )
    user_errors: list[RecordingError] = entry("Why nothing was recorded; empty when all is well.")


async def work_interaction(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `recordInteraction` field."""
    given = arguments["input"]
    money = given.get("amount") or {}
    extra = given.get("extra")
    if extra is not None and not isinstance(extra, dict):
        return _refused(NotRecorded("INVALID", "`extra` is a JSON object.", "extra"))
    said = {
        "kind": given["kind"],
        "direction": plain(given["direction"]),
        "occurred_at": given.get("occurredAt"),
        "ended_at": given.get("endedAt"),
        "automated": given["isAutomated"],
        "activity_id": given.get("activityId"),
        "amount": money.get("amount"),
        "currency": money.get("currencyCode"),
        "requested_fields": given.get("requestedFields"),
        "source_url": given.get("sourceUrl"),
        "extra": extra,
        **{
            name: given.get(name)
            for name in ("role", "team", "agent", "text", "deal", "order", "subscription", "subject")
        },
    }
    return await _recorded(bench, given, said)


async def work_survey_response(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `recordSurveyResponse` field."""
    given = arguments["input"]
    said = {
        "kind": "survey.answered",
        "direction": "inbound",
        "occurred_at": given.get("answeredAt"),
        "metric": plain(given["metric"]),
        "score": given["score"],
        "scale": (given["scale"]["min"], given["scale"]["max"]),
        "program": plain(given.get("program")),
        "question": given.get("question"),
        "text": given.get("comment"),
        "survey_token": given.get("surveyToken"),
    }
    return await _recorded(bench, given, said)


async def _recorded(bench: Bench, given: Mapping[str, Any], said: Mapping[str, Any]) -> Mapping[str, Any]:
    key = given.get("idempotencyKey")
    told = {
        "source": SOURCE,
        "stream": STREAM,
        "id": new_id(bench.viewer, key),
        "function": plain(given["function"]),
        "channel": plain(given["channel"]),
        "reason": given.get("reason"),
        "topic": given.get("topic"),
        "ticket": given.get("ticket"),
        **said,
    }
    who = given["who"]
    request = request_hash({**told, "id": None}, who)
    told["occurred_at"] = told["occurred_at"] or datetime.now(UTC)
    heard = {name: records.said(value) if isinstance(value, str) else value for name, value in told.items()}
    heard["kind"] = heard["kind"] or ""
    interaction = msgspec.convert(
        {name: value for name, value in heard.items() if value is not None}, records.Interaction
    )
    customer = who.get("customerId")
    report = Report(
        interaction,
        customer=None if customer is None else key_of(customer, "Customer"),
        identifiers=None if customer is not None else _identifiers(who),
        by=bench.viewer,
        idempotency_key=key,
        request=request,
        dry_run=given["dryRun"],
    )
    try:
        return _told(await record(bench.store, bench.rules, report))
    except NotRecorded as refused:
        return _refused(refused)


def _identifiers(who: Mapping[str, Any]) -> records.Identifiers:
    external = who.get("externalId")
    return records.Identifiers(
        email=who.get("emailAddress"),
        phone=who.get("phoneNumber"),
        external_id=None if external is None else (external["system"], external["value"]),
        anonymous_id=who.get("anonymousId"),
    )


def _told(done: Recorded) -> Mapping[str, Any]:
    return {
        "interaction_keys": done.interaction,
        "customer_keys": done.customer,
        "pending": done.pending,
        "replayed": done.replayed,
        "user_errors": [],
    }


def _refused(refused: NotRecorded) -> Mapping[str, Any]:
    error = {
        "code": refused.code,
        "field": refused.field,
        "message": str(refused),
        "customer_ids": [encode_id("Customer", id) for id in refused.customers],
    }
    return {"user_errors": [error]}
