"""Pain points: where it goes wrong for customers, ranked by how many it hurts and how much."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import strawberry

from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry, lookup
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.account import Account
from api.schema.customer import Customer
from api.schema.enums import value
from api.schema.kpi import KpiValue, value_data
from api.schema.scope import SCOPE_ARGUMENTS, Period, period_data, scope_of
from graph.customer import reading
from graph.figures.pain.ranking import Counted, PainPoint, pain_points
from graph.figures.scope import Scope
from graph.journeys.view import Unit
from graph.reading import Column

CAVEAT = (
    "Association, not effect: whoever meets a pain point may differ from others in more than that. "
    "Ranked by customers × harm where harm can be measured; a kind of fewer than 5 customers tells no numbers."
)


@strawberry.enum(description="Kinds of pain points.")
class PainPointKind(Enum):
    REPEATED_REQUEST = value("REPEATED_REQUEST", "Asked for information that a system held already.")
    PING_PONG = value("PING_PONG", "A matter went to another team and came straight back.")
    SILENCE = value("SILENCE", "Fell silent, by their own measure.")
    HANDOFF_HURT = value("HANDOFF_HURT", "Handed over in a way after which scores are worse.")
    REPEAT_CONTACT = value("REPEAT_CONTACT", "Had to come back on the same topic.")
    SLOW_LEAD_RESPONSE = value("SLOW_LEAD_RESPONSE", "A lead that nobody took up in time.")
    LEAD_RECYCLED = value("LEAD_RECYCLED", "A lead that was rejected and came round again.")
    ABANDONED_FORM = value("ABANDONED_FORM", "A form that was begun and given up.")
    CAMPAIGN_DURING_COMPLAINT = value("CAMPAIGN_DURING_COMPLAINT", "A campaign was sent while a complaint was open.")
    TWO_OWNERS = value("TWO_OWNERS", "Records name two owners for one person.")


@described
class PainPointWay:
    """One way in which a pain point showed: the field that was asked for, the teams, the channel …"""

    label: str = entry("The way, in words.")
    occurrence_count: int = entry("How often.")
    customer_count: int = entry("Of how many customers (or accounts).")


@described
class PainPointFinding:
    """One kind of pain point in the period."""

    kind: PainPointKind = entry("The kind.")
    definition: str = entry("What it means, in words.")
    customer_count: int | None = entry("How many customers (or accounts) met it; null of 1 to 4.")
    occurrence_count: int | None = entry("How often they met it; null of 1 to 4 customers.")
    previous_customer_count: int | None = entry("The same of the period of the same length before; null of 1 to 4.")
    previous_occurrence_count: int | None = entry("How often then; null of 1 to 4 customers.")
    harm: KpiValue = entry(
        "By how many points of per cent bad answers are more frequent within 30 days after it than without it."
    )
    harm_survey: str | None = entry("The survey that `harm` is told by; surveys and scales are never mixed.")
    extra_contacts: KpiValue = entry("How many tickets more a customer had in the 30 days after it than before.")
    impact: float | None = entry("Customers × harm: how many more of them say that they are not content.")
    ways: list[PainPointWay] = entry("The ways in which it showed, the most frequent first.")
    example_customers: list[Customer] = lookup(
        reading.CUSTOMERS_BY_ID, "customer_keys", "Some who met it lately.", key=Column("id"), many=True
    )
    example_accounts: list[Account] = lookup(
        reading.ACCOUNTS_BY_ID, "account_keys", "The same where accounts are counted.", key=Column("id"), many=True
    )


@described
class PainPoints:
    """Where it goes wrong for customers."""

    caveat: str = entry("What the figures say, and what they do not.")
    period: Period = entry("The period.")
    previous_period: Period = entry("The period of the same length before.")
    is_complete: bool = entry("Whether the period is over, so that nothing can be added.")
    computed_at: datetime = entry("As of when the journeys are that it was worked out from.")
    findings: list[PainPointFinding] = entry(
        "First what is known to hurt, by customers × harm, then what cannot be measured, by customers, then the rest."
    )


async def work_pain_points(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `painPoints` field."""
    first = arguments["first"]
    if not 1 <= first <= 100:
        raise bad_input(f"`first` must be between 1 and 100; it is {first}.")
    scope = await scope_of(bench, arguments)
    return await asyncio.to_thread(lambda: _answer(scope, pain_points(scope)[:first]))


def _answer(scope: Scope, found: Sequence[PainPoint]) -> dict[str, Any]:
    findings = [_finding(scope, point) for point in found]
    return {
        "caveat": CAVEAT,
        "period": period_data(scope.period),
        "previous_period": period_data(scope.period.before),
        "is_complete": scope.is_complete,
        "computed_at": datetime.fromtimestamp(scope.view.journeys.read_at / 1000, UTC),
        "findings": findings,
        "customer_keys": [key for finding in findings for key in finding["customer_keys"]],
        "account_keys": [key for finding in findings for key in finding["account_keys"]],
    }


def _finding(scope: Scope, point: PainPoint) -> dict[str, Any]:
    journeys, of_accounts = scope.view.journeys, scope.view.unit_of is Unit.ACCOUNT
    return {
        "kind": point.kind,
        "definition": point.definition,
        **_counts(point.now, ""),
        **_counts(point.before, "previous_"),
        "harm": value_data(point.harm.worse, scope, scope.period),
        "harm_survey": point.harm.survey,
        "extra_contacts": value_data(point.harm.contacts, scope, scope.period),
        "impact": point.impact,
        "ways": [{"label": label, **_counts(counted, "")} for label, counted in point.ways],
        "customer_keys": [] if of_accounts else journeys.customer_ids(point.examples),
        "account_keys": journeys.account_ids(point.examples) if of_accounts else [],
    }


def _counts(counted: Counted, prefix: str) -> dict[str, int | None]:
    return {f"{prefix}customer_count": counted.customers, f"{prefix}occurrence_count": counted.occurrences}


PAIN_POINT_ARGUMENTS = [*SCOPE_ARGUMENTS, Argument("first", int, "At most so many kinds.", 10)]
