"""What is told of each customer beside the golden record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from api.plan.clock import Clock
from api.plan.fields import described, entry, lookup
from api.plan.rows import Arguments
from api.schema.enums import ValueBasis
from api.schema.survey import SurveyResponse
from graph.customer import reading
from graph.figures.customer_metrics import metrics_of
from graph.journeys.journeys import Journeys
from graph.reading import Column

_ID = Column("id")


@described
class CustomerMetrics:
    """What a customer brought, is worth, risks, and waits for."""

    lifetime_revenue: float | None = entry(
        "Revenue so far, less what was given back; null of who never bought, and where currencies cannot be summed."
    )
    residual_lifetime_value: float | None = entry(
        "Expected margin of the months to come, as `[value]` of rules.toml says; null without a margin there."
    )
    currency_code: str | None = entry("The currency of both, ISO 4217.")
    churn_risk: float | None = entry(
        "0 to 1: without a contract 1 - P(alive) of BG/NBD, that they will not buy any more (which alert rules "
        "`churn_risk` watch); under contract that the next renewal does not come."
    )
    last_inbound_at: datetime | None = entry("Their last own activity.")
    open_ticket_count: int = entry("How many of their tickets are not solved.")
    latest_nps: float | None = entry("Their latest answer to whether they would recommend the company, 0 to 10.")
    latest_nps_at: datetime | None = entry("When that was.")
    latest_nps_response: SurveyResponse | None = lookup(
        reading.SURVEY_RESPONSES, "latest_nps_id", "The same with its words, its scale and what it is about.", key=_ID
    )
    basis: ValueBasis | None = entry(
        "What `residualLifetimeValue` and `churnRisk` are worked out from; null of whom neither tells anything."
    )
    estimated_at: datetime | None = entry("As of when they are: the beginning of the day; null where there is none.")


def tell_metrics(customer: str, journeys: Journeys | None, clock: Clock, _: Arguments) -> dict[str, Any] | None:
    """The metrics of a customer, as the fields read them."""
    found = None if journeys is None else metrics_of(journeys, clock.now, customer)
    if found is None:
        return None
    return {
        "lifetime_revenue": _money(found.lifetime_revenue),
        "residual_lifetime_value": _money(found.residual_lifetime_value),
        "currency_code": found.currency,
        "churn_risk": found.churn_risk,
        "last_inbound_at": _moment(found.last_inbound_at),
        "open_ticket_count": found.open_ticket_count,
        "latest_nps": found.latest_nps,
        "latest_nps_at": _moment(found.latest_nps_at),
        "latest_nps_id": found.latest_nps_id,
        "basis": found.basis,
        "estimated_at": _moment(found.estimated_at),
    }


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)


def _money(amount: float | None) -> float | None:
    return None if amount is None else round(amount, 2)
