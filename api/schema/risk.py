"""The risk of inactivity: who may stop, why, and how well told risks have held."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry, lookup
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.account import Account
from api.schema.customer import Customer
from api.schema.drivers import ScoreDriver
from api.schema.scope import SCOPE_ARGUMENTS, scope_of
from graph.customer import reading
from graph.figures.cause.features import MEANINGS
from graph.figures.cause.inactivity import InactivityRisk as Risk
from graph.figures.cause.inactivity import inactivity_risk
from graph.figures.scope import Scope
from graph.journeys.view import Unit
from graph.reading import Column

CAVEAT = (
    "Inactivity, not churn: without a contract leaving is not observed. Factors say what goes together with stopping, "
    "not what makes people stop: association, not effect."
)
MOST_FACTORS = 3


@described
class RiskFactor:
    """What goes together with stopping."""

    factor: ScoreDriver = entry("Which.")
    meaning: str = entry("What is counted, in words.")
    odds_ratio: float = entry("By how much the odds of stopping are multiplied by one standard deviation more of it.")
    mean: float = entry("Its mean among those from whom was learned.")
    standard_deviation: float = entry("Its standard deviation among them.")


@described
class RiskReliability:
    """Customers of about the same told risk, whom the model had not seen, and what came of them."""

    customer_count: int = entry("How many.")
    told: float = entry("Their mean told risk, 0 to 1.")
    happened: float = entry("The share that stopped, 0 to 1.")
    lower: float = entry("The lower end of its 95 % interval (Wilson).")
    upper: float = entry("The upper end of it.")


@described
class FactorOfCustomer:
    """What a factor adds to one customer's risk."""

    factor: ScoreDriver = entry("Which.")
    log_odds: float = entry("What it adds to the log-odds, against somebody average; below 0 it speaks for staying.")


@described
class CustomerAtRisk:
    """One customer (or account)."""

    risk: float = entry("The probability to stop, 0 to 1.")
    factors: list[FactorOfCustomer] = entry("What speaks most, for or against.")
    customer: Customer | None = lookup(
        reading.CUSTOMERS_BY_ID, "customer_keys", "Who; null where accounts are counted.", key=Column("id")
    )
    account: Account | None = lookup(
        reading.ACCOUNTS_BY_ID, "account_keys", "Which account, where these are counted.", key=Column("id")
    )


@described
class InactivityRisk:
    """How likely those who are active are to do nothing in the horizon to come."""

    caveat: str = entry("What the figures say, and what they do not.")
    horizon_days: int = entry("The horizon: nothing done for so many days is inactivity.")
    learned_as_of: datetime = entry("The moment a horizon ago, as of which the model was learned.")
    learned_from_count: int = entry("From how many customers (or accounts) it was learned.")
    stopped_count: int = entry("How many of them stopped.")
    factors: list[RiskFactor] = entry("The factors, the strongest first.")
    reliability: list[RiskReliability] = entry("How told risks have held, from the lowest to the highest.")
    discrimination: float | None = entry("Of one who stopped and one who did not: how often the former had more (AUC).")
    skill: float | None = entry("How much better than telling everybody the same; 1 is best, 0 none (Brier skill).")
    active_count: int = entry("How many are active now, and so have a risk.")
    expected_stop_count: float | None = entry("How many of them are expected to stop.")
    customers: list[CustomerAtRisk] = entry("Those with the highest risk first.")
    note: str | None = entry("Why no model can be told.")


async def work_inactivity_risk(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `inactivityRisk` field."""
    days = arguments.get("horizonDays") or bench.rules.activity.dormant_after_days
    first = arguments["first"]
    if not 7 <= days <= 730:
        raise bad_input(f"`horizonDays` must be between 7 and 730; it is {days}.")
    if not 0 <= first <= 100:
        raise bad_input(f"`first` must be between 0 and 100; it is {first}.")
    today = bench.now().date()
    scope = await scope_of(bench, {**arguments, "period": {"from": today - timedelta(days=days), "to": today}})
    scope = scope.of_members()
    return _answer(scope, await asyncio.to_thread(inactivity_risk, scope, days), first)


def _answer(scope: Scope, found: Risk, first: int) -> dict[str, Any]:
    model, held = found.model, found.held
    highest = np.lexsort((found.units, -found.risks))[:first]
    of_accounts, journeys = scope.view.unit_of is Unit.ACCOUNT, scope.view.journeys
    ids = (journeys.account_ids if of_accounts else journeys.customer_ids)(found.units[highest])
    key, other = ("account_keys", "customer_keys") if of_accounts else ("customer_keys", "account_keys")
    return {
        "caveat": CAVEAT,
        "horizon_days": found.horizon_days,
        "learned_as_of": datetime.fromtimestamp(found.fitted_at / 1000, UTC),
        "learned_from_count": 0 if model is None else model.n,
        "stopped_count": 0 if model is None else model.left,
        "factors": [] if model is None else _factors(found),
        "reliability": []
        if held is None
        else [
            {"customer_count": int(many), "told": t, "happened": h, "lower": low, "upper": high}
            for many, t, h, low, high in zip(
                held.customers, *(c.tolist() for c in (held.told, held.happened, held.low, held.high)), strict=True
            )
        ],
        "discrimination": None if held is None else held.auc,
        "skill": None if held is None else held.skill,
        "active_count": len(found.units),
        "expected_stop_count": None if model is None else float(found.risks.sum()),
        "customers": [
            {"risk": float(found.risks[row]), "factors": _factors_of(found, int(row)), key: id, other: None}
            for row, id in zip(highest, ids, strict=True)
        ],
        "note": found.note,
        key: ids,
        other: [],
    }


def _factors(found: Risk) -> list[dict[str, Any]]:
    assert found.model is not None
    strongest = np.argsort(-np.abs(found.model.coefficients), kind="stable")
    return [
        {
            "factor": found.factors[place].value,
            "meaning": MEANINGS[found.factors[place]],
            "odds_ratio": float(np.exp(found.model.coefficients[place])),
            "mean": float(found.model.means[place]),
            "standard_deviation": float(found.model.spreads[place]),
        }
        for place in strongest
    ]


def _factors_of(found: Risk, row: int) -> list[dict[str, Any]]:
    added = found.contributions[row]
    strongest = np.argsort(-np.abs(added), kind="stable")[:MOST_FACTORS]
    return [{"factor": found.factors[place].value, "log_odds": float(added[place])} for place in strongest]


INACTIVITY_RISK_ARGUMENTS = [
    *(argument for argument in SCOPE_ARGUMENTS if argument.name != "period"),
    Argument("horizon_days", int | None, "The horizon, 7 to 730; `dormant_after_days` of rules.toml unless said."),
    Argument("first", int, "At most so many customers, 0 to 100.", 20),
]
