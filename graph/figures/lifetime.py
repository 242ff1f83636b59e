"""Lifetime value: what customers are still worth, as the present value of the margin expected of them.

It is of the future; what they brought in the past is `historic_value`, a figure of its own. Under contract it is the
renewals that are expected (sBG; where these data do not tell it, the survival curve), otherwise the purchases
(BG/NBD × Gamma-Gamma). Where revenue is told by invoices or deals, who is under contract is valued by the contract
alone, because its payments are in both. The models are fitted once a day, to all customers; the histories that they
are applied to are those at the end of the period.
"""

from __future__ import annotations

import numpy as np

from graph.estimates.average import mean
from graph.estimates.parameter_error import mean_of_expected, sum_of_expected
from graph.figures.figure import Figure, KpiUnit, kpi
from graph.figures.money import revenue
from graph.figures.scope import Scope
from graph.figures.worth import Worth, worth
from graph.figures.worth_error import inactivity_error, value_error

_METHOD = "Fader, Hardie, Lee 2005 (Marketing Science; JMR); Fader & Hardie 2007"


@kpi(
    "clv",
    "Customer lifetime value, residual",
    KpiUnit.MONEY,
    numerator="expected margin of the next `[value] horizon_months`, discounted by `discount_rate` a year",
    denominator="customers who have bought or are under contract",
    source=f"{_METHOD}; interval: Student's t over customers, with the error of the models "
    "(Newey & McFadden 1994, 6.1)",
)
def clv(scope: Scope) -> Figure:
    """What a customer is still worth on average. The note says margin, horizon, discount rate and method."""
    found = worth(scope)
    chosen, error = found.known & scope.members(), value_error(scope, found)
    figure = Figure.of(mean_of_expected(found.values, chosen, error.models))
    return error.told(figure).in_currency(found.currency).noting(error.noting(found.note))


@kpi(
    "customer_equity",
    "Customer equity of current customers (customer asset value)",
    KpiUnit.MONEY,
    numerator="residual lifetime values of those who are customers now",
    denominator="–",
    source="after Rust, Lemon, Zeithaml 2004, who include customers to come; interval: the error of the models (delta "
    "method), without what chance adds",
)
def customer_equity(scope: Scope) -> Figure:
    """What all current customers together are still worth; not of customers to come."""
    found = worth(scope)
    chosen, error = found.known & scope.members(), value_error(scope, found)
    figure = Figure.of(sum_of_expected(found.values, chosen, error.models))
    return error.told(figure).in_currency(found.currency).noting(error.noting(found.note))


@kpi(
    "historic_value",
    "Revenue per customer so far",
    KpiUnit.MONEY,
    numerator="revenue until the end of the period, less what was given back",
    denominator="customers who have bought by then",
    source="practice; interval: Student's t",
)
def historic_value(scope: Scope) -> Figure:
    """What a customer has brought so far on average. It is revenue of the past and no lifetime value."""
    found = revenue(scope.view)
    rows = scope.fitting()[found.rows] & (found.at < scope.period.end_ms)
    size = len(scope.view.members)
    bought = np.bincount(found.unit[rows & found.purchase], minlength=size) > 0
    total = np.bincount(found.unit[rows], weights=found.values[rows], minlength=size)
    return Figure.of(mean(total[bought])).in_currency(found.currency)


@kpi(
    "revenue",
    "Revenue",
    KpiUnit.MONEY,
    numerator="revenue of the period (`revenue_source`), less what was given back in it",
    denominator="purchases of the period",
    source="practice",
)
def revenue_of_period(scope: Scope) -> Figure:
    """What customers paid in the period, from one source: a won deal and its order are not two revenues."""
    found = revenue(scope.view)
    rows = scope.fitting()[found.rows] & (found.at >= scope.period.start_ms) & (found.at < scope.period.end_ms)
    return Figure.counted(float(found.values[rows].sum()), int((rows & found.purchase).sum()), currency=found.currency)


@kpi(
    "purchase_value",
    "Value of a purchase",
    KpiUnit.MONEY,
    numerator="amounts of the period's purchases",
    denominator="purchases of the period that say an amount",
    source="practice; interval: Student's t",
)
def purchase_value(scope: Scope) -> Figure:
    """What a purchase is worth on average, before anything was given back."""
    found = revenue(scope.view)
    rows = scope.fitting()[found.rows] & (found.at >= scope.period.start_ms) & (found.at < scope.period.end_ms)
    return Figure.of(mean(found.values[rows & found.purchase & (found.values > 0)])).in_currency(found.currency)


@kpi(
    "expected_inactivity",
    "Expected inactivity of buyers",
    KpiUnit.PERCENT,
    numerator="probabilities that they will not buy any more",
    denominator="customers who have bought and are under no contract",
    source="Fader, Hardie, Lee 2005 (BG/NBD, 1 - P(alive)); interval: Student's t, with the error of the model "
    "(Newey & McFadden 1994, 6.1)",
    higher_is_better=False,
)
def expected_inactivity(scope: Scope) -> Figure:
    """The share of buyers of whom the model expects no purchase any more. It is no churn: without a contract nobody
    sees a customer leave."""
    found: Worth = worth(scope, margin=1.0)
    chosen = found.buyers & scope.members()
    error = inactivity_error(scope, found)
    figure = Figure.of(mean_of_expected(1 - found.alive, chosen, error.models), factor=100)
    return error.told(figure).noting(error.noting(None))


KPIS = (clv, customer_equity, historic_value, revenue_of_period, purchase_value, expected_inactivity)
