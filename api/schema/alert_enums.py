"""Closed sets about alerts. The Python value of each member is what the graph holds."""

from __future__ import annotations

from enum import Enum

import strawberry

from api.schema.enums import value


@strawberry.enum(description="Where an alert stands.")
class AlertStatus(Enum):
    OPEN = value("OPEN", "Nobody has taken it on.")
    ACKNOWLEDGED = value("ACKNOWLEDGED", "Somebody has taken it on.")
    SNOOZED = value("SNOOZED", "It was put off; it is open again when that moment has come.")
    RESOLVED = value("RESOLVED", "It is closed.")


@strawberry.enum(description="What raises an alert.")
class AlertCondition(Enum):
    DETRACTOR = value("detractor", "A low score.")
    SILENT = value("silent", "A customer is quiet for much longer than they used to be.")
    REPEAT_CONTACT = value("repeat_contact", "The same topic again.")
    SLA = value("sla", "No human replied to a ticket in time.")
    CHURN_RISK = value(
        "churn_risk",
        "A buyer who has probably left: `Customer.metrics.churnRisk`, 1 - P(alive); not a contract that ended.",
    )
    UNANSWERED = value("unanswered", "Nobody of the company said anything after a message.")


@strawberry.enum(description="What came of an alert.")
class AlertOutcome(Enum):
    RECOVERED = value("RECOVERED", "The customer is content again.")
    NO_CHANGE = value("NO_CHANGE", "The customer was heard, and nothing is better.")
    LOST = value("LOST", "The customer has left.")
    NOT_REACHED = value("NOT_REACHED", "The customer could not be reached.")
    FALSE_ALARM = value("FALSE_ALARM", "There was nothing to be done.")


@strawberry.enum(description="What somebody did about an alert.")
class AlertDeed(Enum):
    ASSIGNED = value("ASSIGNED", "It was given to somebody, or taken from them.")
    ACKNOWLEDGED = value("ACKNOWLEDGED", "Somebody took it on.")
    SNOOZED = value("SNOOZED", "It was put off.")
    RESOLVED = value("RESOLVED", "It was closed.")
    REOPENED = value("REOPENED", "It was opened again.")


@strawberry.enum(description="By what alerts are sorted.")
class AlertOrderField(Enum):
    RAISED_AT = value("raised", "When they were raised.")
    DUE_AT = value("due", "By when somebody shall have reacted.")
    SINCE = value("since", "When what they are about came to hold.")


@strawberry.enum(description="Why nothing was done about an alert.")
class AlertErrorCode(Enum):
    NOT_FOUND = value("NOT_FOUND", "There is no such alert.")
    INVALID = value("INVALID", "The input makes no sense; see `field`.")
    ALREADY_RESOLVED = value("ALREADY_RESOLVED", "The alert is closed; reopen it first.")
    NOT_RESOLVED = value("NOT_RESOLVED", "The alert is not closed, so it cannot be reopened.")
    IDEMPOTENCY_KEY_REUSED = value("IDEMPOTENCY_KEY_REUSED", "The key came with another request before.")
    BUSY = value("BUSY", "A sync is at work; try again in a moment.")
