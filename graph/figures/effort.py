"""What functions count of their own work: tickets solved, messages sent, leads made. Targets for these are local:
whether customers fare better for it, `vanity` asks."""

from __future__ import annotations

from graph.estimates.proportion import proportion
from graph.figures.figure import Figure, KpiUnit, kpi
from graph.figures.scope import Scope
from graph.journeys.view import Mask, View


@kpi(
    "tickets_solved",
    "Tickets solved",
    KpiUnit.COUNT,
    numerator="times a ticket was solved in the period",
    denominator="–",
    source="practice",
)
def tickets_solved(scope: Scope) -> Figure:
    """How often tickets were solved; one that is solved again counts again."""
    return _counted(scope.rows(), scope.rows().kinds("ticket.solved"))


@kpi(
    "campaign_messages",
    "Messages of campaigns",
    KpiUnit.COUNT,
    numerator="outbound interactions of campaigns in the period",
    denominator="–",
    source="practice",
)
def campaign_messages(scope: Scope) -> Figure:
    """How many messages of campaigns were sent."""
    rows = scope.rows()
    return _counted(rows, _sent(rows))


@kpi(
    "unsubscribe_rate",
    "Unsubscribe rate",
    KpiUnit.PERCENT,
    numerator="of these, those who unsubscribed in the period",
    denominator="customers to whom a campaign sent a message in the period",
    source="practice; interval: Wilson 1927",
    higher_is_better=False,
)
def unsubscribe_rate(scope: Scope) -> Figure:
    """The share of customers with messages of campaigns who unsubscribed."""
    rows = scope.rows()
    reached = rows.any_by_unit(_sent(rows))
    left = rows.any_by_unit(rows.kinds("email.unsubscribed")) & reached
    return Figure.of(proportion(int(left.sum()), int(reached.sum())), factor=100)


@kpi(
    "leads_created",
    "Leads created",
    KpiUnit.COUNT,
    numerator="leads created in the period",
    denominator="–",
    source="practice",
)
def leads_created(scope: Scope) -> Figure:
    """How many leads were created."""
    return _counted(scope.rows(), scope.rows().kinds("lead.created"))


KPIS = (tickets_solved, campaign_messages, unsubscribe_rate, leads_created)


def _sent(rows: View) -> Mask:
    return rows.coded("direction").among("outbound") & (rows.coded("campaign").codes >= 0)


def _counted(rows: View, chosen: Mask) -> Figure:
    many = int(chosen.sum())
    return Figure.counted(many, many)
