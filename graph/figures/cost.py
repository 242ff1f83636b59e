"""What customers cost: to serve and to win. Costs are those of rules.toml `[cost_per]` and those that interactions say.

No cost is made up: where none is given, no figure is told.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph.estimates.average import mean
from graph.figures.figure import Figure, KpiUnit, NoFigure, Unavailable, kpi, once_of_all
from graph.figures.lifetime import clv
from graph.figures.money import money
from graph.figures.sales import reached
from graph.figures.scope import Scope
from graph.figures.tickets import within
from graph.journeys.part import NOT_SAID
from graph.journeys.view import View

TO_WIN = ("marketing", "sales")
TO_SERVE = ("service",)


@kpi(
    "cost_to_serve",
    "Cost to serve a customer",
    KpiUnit.MONEY,
    numerator="costs of the period's interactions of service: their own, or `[cost_per]` of their kind",
    denominator="customers with an interaction of service in the period",
    source="practice; interval: Student's t",
    higher_is_better=False,
)
def cost_to_serve(scope: Scope) -> Figure:
    """What serving a customer who needed it cost in the period."""
    each, currency = costs(scope)
    view = scope.view.whole
    rows = scope.fitting() & within(view.at, scope) & view.coded("function").among(*TO_SERVE)
    size = len(view.members)
    served = np.bincount(view.unit[rows], minlength=size) > 0
    by_unit = np.bincount(view.unit[rows], weights=each[rows], minlength=size)
    return Figure.of(mean(by_unit[served])).in_currency(currency)


@kpi(
    "customer_acquisition_cost",
    "Cost to win a customer",
    KpiUnit.MONEY,
    numerator="costs of the period's interactions of marketing and sales, also with those who did not become customers",
    denominator="those who became customers in the period",
    source="practice",
    higher_is_better=False,
)
def customer_acquisition_cost(scope: Scope) -> Figure:
    """What winning a customer cost in the period; costs of before or after it that belong to the same customers are
    not in it."""
    each, currency = costs(scope)
    view = scope.view.whole
    rows = scope.fitting() & within(view.at, scope) & view.coded("function").among(*TO_WIN)
    customer = reached(scope, "customer")
    won = int((scope.members() & (customer != NOT_SAID) & within(customer, scope)).sum())
    return Figure.counted(float(each[rows].sum()) / max(won, 1), won, currency=currency)


@kpi(
    "clv_to_cac",
    "Lifetime value to cost of acquisition",
    KpiUnit.RATIO,
    numerator="mean residual lifetime value of a customer",
    denominator="cost to win a customer in the period",
    source="practice",
)
def clv_to_cac(scope: Scope) -> Figure:
    """How often a customer is worth what winning one costs."""
    value, cost = clv.figure(scope), customer_acquisition_cost.figure(scope)
    for missing in (value, cost):
        if missing.value is None:
            return missing
    if value.currency != cost.currency:
        raise NoFigure(Unavailable.MIXED_CURRENCIES, f"Values are in {value.currency}, costs in {cost.currency}.")
    if not cost.value or value.value is None:
        raise NoFigure(Unavailable.NOT_ESTIMABLE, "Winning customers cost nothing in the period.")
    return Figure.counted(value.value / cost.value, min(value.sample_size, cost.sample_size)).noting(value.note)


KPIS = (cost_to_serve, customer_acquisition_cost, clv_to_cac)


def costs(scope: Scope) -> tuple[NDArray[np.float64], str | None]:
    """By row of `view.whole`, what it cost; 0 where nothing says so. NoFigure: nothing says any cost."""
    view = scope.view.whole
    return once_of_all(view, "costs", lambda: _costs_of(view))


def _costs_of(view: View) -> tuple[NDArray[np.float64], str | None]:
    rules = view.journeys.rules
    kind, said = view.coded("kind"), view.numbers("cost")
    by_kind = np.array([rules.cost_per.get(name, np.nan) for name in (*kind.values, "")])
    own = ~np.isnan(said)
    if not own.any() and not rules.cost_per:
        raise NoFigure(
            Unavailable.NOT_CONFIGURED,
            'No cost is given: write [cost_per] "ticket.replied" = 4.5 and others into rules.toml.',
        )
    told = money(said, view.coded("currency"), rules)
    if rules.cost_per and own.any() and told.currency not in (None, rules.currency.reporting):
        raise NoFigure(
            Unavailable.MIXED_CURRENCIES,
            f"Interactions say costs in {told.currency}; say in which currency [cost_per] is by [currency] reporting.",
        )
    currency = told.currency or rules.currency.reporting
    return np.nan_to_num(np.where(own, told.values, by_kind[kind.codes])), currency
