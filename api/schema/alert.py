"""Alerts: what was noticed by rule, who looks after it, what followed."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.plan.fields import column, described, every, from_json, identity, instant, one
from api.plan.filters import described_input, option, where
from api.schema.alert_enums import AlertCondition, AlertDeed, AlertOrderField, AlertOutcome, AlertStatus
from api.schema.enums import SortDirection
from api.schema.filters import DateTimeFilter, StringFilter
from api.schema.lazy import LazyCustomer, LazyInteraction, LazySurveyResponse
from api.schema.paging import Node
from api.schema.scalars import JSON
from graph.alerts import reading


@described
class AlertEvent:
    """What a person did about an alert."""

    deed: AlertDeed = column("What was done.")
    by: str = column("Who did it.")
    occurred_at: datetime = instant("When.", "at")
    owner: str | None = column("To whom it was given.")
    until: datetime | None = instant("Until when it was put off.")
    outcome: AlertOutcome | None = column("What came of it.")
    note: str | None = column("In their own words.")


@described
class AlertNextScore:
    """The first score that the customer gave afterwards; after a low score the first of the same metric."""

    is_recovered: bool | None = column(
        "Whether it is above what raised the alert; null where no score did. What was done in between need not be why.",
        "",
        of="better",
    )
    score: LazySurveyResponse = one(reading.SCORE_ITSELF, "The score.")


@described
class Alert(Node):
    """Something that a rule noticed about a customer, for somebody to look after."""

    id: strawberry.ID = identity()
    rule: str = column("The rule that raised it, by its name in rules.toml.")
    condition: AlertCondition = column("What kind of thing it is.")
    status: AlertStatus = column("Where it stands.")
    owner: str | None = column("Who answers for it.")
    since: datetime = instant("When what it is about came to hold.")
    raised_at: datetime = instant("When it was raised.")
    due_at: datetime = instant("By when somebody shall have reacted.")
    snoozed_until: datetime | None = instant("Until when it is put off.")
    resolved_at: datetime | None = instant("When it was closed.")
    outcome: AlertOutcome | None = column("What came of it.")
    note: str | None = column("What whoever closed it wrote.")
    evidence: JSON = column("What the rule saw.", convert=from_json)
    customer: LazyCustomer | None = one(reading.CUSTOMER_OF_ALERT, "The customer whom it concerns.")
    cause: LazyInteraction | None = one(reading.CAUSE_OF_ALERT, "The interaction that began it.")
    follow_up: LazyInteraction | None = one(
        reading.FOLLOW_UP,
        "The first time somebody of the company turned to the customer since: no machine, no campaign.",
    )
    next_score: AlertNextScore | None = one(reading.NEXT_SCORE, "The first score that the customer gave since.")
    history: list[AlertEvent] = every(reading.DEEDS, "What people did about it, the first deed first.")


@described_input
class AlertStatusFilter:
    """Compares a status."""

    eq: AlertStatus | None = option("Equal to.")
    in_: list[AlertStatus] | None = option("One of.", "in")


@described_input
class AlertConditionFilter:
    """Compares what raised an alert."""

    eq: AlertCondition | None = option("Equal to.")
    in_: list[AlertCondition] | None = option("One of.", "in")


@described_input
class AlertFilter:
    """Which alerts; all that is given must hold."""

    status: AlertStatusFilter | None = where("Where they stand.", "status")
    condition: AlertConditionFilter | None = where("What raised them.", "condition")
    rule: StringFilter | None = where("The rule that raised them.", "rule")
    owner: StringFilter | None = where("Who answers for them.", "owner")
    raised_at: DateTimeFilter | None = where("When they were raised.", "raised_at")
    due_at: DateTimeFilter | None = where("By when somebody shall have reacted.", "due_at")
    and_: list[AlertFilter] | None = option("All of these hold.", "and")
    or_: list[AlertFilter] | None = option("One of these holds.", "or")
    not_: AlertFilter | None = option("This does not hold.", "not")


@described_input
class AlertOrder:
    """One criterion alerts are sorted by."""

    field: AlertOrderField = strawberry.field(description="By what.")
    direction: SortDirection = strawberry.field(description="Which way.", default=SortDirection.ASC)
