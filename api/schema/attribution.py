"""Attribution: the credit that channels, campaigns, functions or touchpoints get. Credit, not effect."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import strawberry

from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry
from api.plan.filters import plain
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.enums import value
from api.schema.scope import SCOPE_ARGUMENTS, Period, period_data, scope_of
from graph.estimates.estimate import EstimateError
from graph.figures.cause.attribution import GOALS, Attribution, By, Credited, Model, attribution
from graph.figures.scope import Scope

CAVEAT = (
    "Credit, not effect: it says who was there when somebody converted, not who made them. A channel that is shown to "
    "those who would have bought anyway earns credit by every model. Only a hold-out tells an effect."
)
MOST_DAYS = 730


@strawberry.enum(description="How the credit of a conversion is shared among the touches before it.")
class AttributionModel(Enum):
    FIRST_TOUCH = value("FIRST_TOUCH", "All to the first touch.")
    LAST_TOUCH = value("LAST_TOUCH", "All to the last touch.")
    LINEAR = value("LINEAR", "The same to each touch.")
    U_SHAPED = value("U_SHAPED", "40 % to the first, 40 % to the last, 20 % to all between.")
    W_SHAPED = value("W_SHAPED", "30 % each to the first touch, the lead's and the opportunity's, 10 % to all others.")
    TIME_DECAY = value("TIME_DECAY", "In proportion to 2^(−d/7), d days before the conversion.")
    MARKOV = value("MARKOV", "By how many conversions a chain of touches loses without it (Anderl et al. 2016).")
    SHAPLEY = value("SHAPLEY", "In equal parts to the distinct ones on the path (Shapley value; Zhao et al. 2018).")


@strawberry.enum(description="What gets the credit.")
class AttributionDimension(Enum):
    CHANNEL = value("channel", "The channel of a touch.")
    CAMPAIGN = value("campaign", "The campaign of a touch; touches of none do not count.")
    FUNCTION = value("function", "The function that a touch belongs to.")
    TOUCHPOINT = value("touchpoint", "The touchpoint.")


@described
class AttributionCredit:
    """What one channel (campaign, function, touchpoint) gets by one model."""

    key: str = entry("Which; `(others)` are those that touched fewer than 5 customers each.")
    customer_count: int = entry("How many customers (or accounts) it touched, whether they converted or not.")
    conversions: float = entry("Its credit in conversions.")
    conversion_share: float = entry("Its share of all credit, 0 to 1.")
    revenue: float | None = entry("Its credit in revenue; null where the conversions' worth cannot be told.")


@described
class AttributionByModel:
    """The credit by one model."""

    model: AttributionModel = entry("The model.")
    credits: list[AttributionCredit] = entry("The most credited first.")


@described
class AttributionAnswer:
    """Who was there when customers converted."""

    caveat: str = entry("What the figures say, and what they do not.")
    dimension: AttributionDimension = entry("What gets the credit.")
    goal_kinds: list[str] = entry("The kinds of interactions that are a conversion.")
    look_back_days: int = entry("Touches of so many days before count.")
    period: Period = entry("The period of the conversions.")
    is_complete: bool = entry("Whether the period is over, so that nobody can convert in it any more.")
    computed_at: datetime = entry("As of when the journeys are that it was worked out from.")
    converted_count: int = entry("How many customers (or accounts) converted, each by their first conversion.")
    not_converted_count: int = entry("How many had touches and did not convert.")
    unattributed_count: int = entry("How many of those who converted had no touch before.")
    revenue: float | None = entry("What the conversions were worth.")
    currency_code: str | None = entry("The currency of it, ISO 4217.")
    revenue_note: str | None = entry("Why there is no revenue.")
    note: str | None = entry("Why no credit is given.")
    models: list[AttributionByModel] = entry("The credit by each model.")


async def work_attribution(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of an `attribution` field."""
    days = arguments["lookBackDays"]
    if not 1 <= days <= MOST_DAYS:
        raise bad_input(f"`lookBackDays` must be between 1 and {MOST_DAYS}; it is {days}.")
    kinds = arguments.get("goalKinds")
    if kinds == []:
        raise bad_input("`goalKinds` is empty; name at least one, or leave it out for a sale of any kind.")
    goals = GOALS if kinds is None else tuple(dict.fromkeys(kinds))
    asked = arguments.get("models")
    models = list(Model) if asked is None else [Model(plain(each)) for each in dict.fromkeys(asked)]
    by = By(plain(arguments["dimension"]))
    scope = await scope_of(bench, arguments)
    try:
        found = await asyncio.to_thread(attribution, scope, models, by, goals, days)
    except EstimateError as error:
        raise bad_input(str(error)) from None
    return _answer(scope, found, by, goals, days)


def _answer(scope: Scope, found: Attribution, by: By, goals: Sequence[str], days: int) -> dict[str, Any]:
    return {
        "caveat": CAVEAT,
        "dimension": by,
        "goal_kinds": list(goals),
        "look_back_days": days,
        "period": period_data(scope.period),
        "is_complete": scope.is_complete,
        "computed_at": datetime.fromtimestamp(scope.view.journeys.read_at / 1000, UTC),
        "converted_count": found.converted,
        "not_converted_count": found.not_converted,
        "unattributed_count": found.unattributed,
        "revenue": found.revenue,
        "currency_code": found.currency,
        "revenue_note": found.no_revenue,
        "note": found.note,
        "models": [
            {"model": model, "credits": [_credit(each) for each in credits]}
            for model, credits in found.by_model.items()
        ],
    }


def _credit(each: Credited) -> dict[str, Any]:
    return {
        "key": each.key,
        "customer_count": each.customers,
        "conversions": each.conversions,
        "conversion_share": each.share,
        "revenue": each.revenue,
    }


ATTRIBUTION_ARGUMENTS = [
    *SCOPE_ARGUMENTS,
    Argument("models", list[AttributionModel] | None, "By these models; all unless said."),
    Argument("dimension", AttributionDimension, "What gets the credit.", AttributionDimension.CHANNEL),
    Argument(
        "goal_kinds", list[str] | None, "Kinds of interactions that are a conversion; a sale of any kind unless said."
    ),
    Argument("look_back_days", int, "Touches of so many days before the conversion count.", 90),
]
