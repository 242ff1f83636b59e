"""The sections of rules.toml that figures are worked out by: money, value, costs, onboarding, service."""

from __future__ import annotations

from math import isfinite

import msgspec

from connectors.errors import C360Error

REVENUE_SOURCES = ("orders", "invoices", "deals")


class FigureRuleError(C360Error):
    """A section cannot be used; the text says which key, why and what to write."""


class Currency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section [currency] of rules.toml: into what amounts are converted. They are never summed without."""

    reporting: str | None = None
    """ISO 4217, e.g. "EUR". Unset: amounts of one currency stay in it; of several no sum is told."""
    rates: dict[str, float] = {}
    """What one unit of each other currency is worth in the reporting one, e.g. `{USD = 0.92}`."""


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section [value] of rules.toml: what lifetime value is worked out with. It is stated with each figure."""

    margin: float | None = None
    """The share of revenue that is kept, e.g. 0.3. Unset: no lifetime value is told, because revenue is no value."""
    horizon_months: int = 24
    discount_rate: float = 0.1
    """A year's."""


class Onboarding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section [onboarding] of rules.toml: from where to where, and by when it counts as a success."""

    starts: tuple[str, ...] = ("deal.won", "subscription.started", "order.placed")
    """The first interaction of one of these kinds begins it."""
    milestones: tuple[str, ...] = ("onboarding.milestone",)
    """The first interaction of one of these kinds after it is the milestone."""
    within_days: int = 30


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section [service] of rules.toml."""

    repeat_within_days: int = 7
    """Another contact on the topic within so many days means that the first one did not resolve it."""


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section [retention] of rules.toml: when a new customer counts as having come back."""

    after_days: int = 30
    """On or after this day since the first activity."""
    for_days: int = 7
    """So many days count as being "on" that day."""
    conversion_days: int = 90
    """Within so many days a lead has to become a customer to count as converted."""


def check_figure_rules(currency: Currency, value: Value, costs: dict[str, float], revenue_source: str) -> None:
    """Refuse what makes no sense; raises FigureRuleError."""
    if revenue_source not in REVENUE_SOURCES:
        raise FigureRuleError(
            f"revenue_source '{revenue_source}' is not known. Write one of {', '.join(REVENUE_SOURCES)}: "
            "a won deal and its order are not two revenues."
        )
    for name, rate in currency.rates.items():
        if not (isfinite(rate) and rate > 0):
            raise FigureRuleError(f"[currency] rates: {name} = {rate:g} is no rate. Write a number above 0.")
    if currency.rates and currency.reporting is None:
        raise FigureRuleError('[currency] has rates, but into what? Add reporting = "EUR" or another currency.')
    if value.margin is not None and not 0 < value.margin <= 1:
        raise FigureRuleError(f"[value] margin = {value.margin:g} is no share of revenue. Write one such as 0.3.")
    if value.horizon_months < 1:
        raise FigureRuleError(f"[value] horizon_months = {value.horizon_months} has no value in it. Write 24 or so.")
    if not -1 < value.discount_rate < 10:
        raise FigureRuleError(f"[value] discount_rate = {value.discount_rate:g} cannot be. Write 0.1 for 10 % a year.")
    for kind, cost in costs.items():
        if not (isfinite(cost) and cost >= 0):
            raise FigureRuleError(f"[cost_per] {kind} = {cost:g} is no cost. Write what one costs, 0 or more.")
