"""The sections [[alert]] of rules.toml: what shall be noticed, who answers for it, and by when."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

import msgspec

CUSTOMER_OWNER = "customer owner"
"""As `owner`: whoever is responsible for the customer."""
CONDITIONS = ("detractor", "silent", "repeat_contact", "sla", "churn_risk", "unanswered")
LOW_SCORE = {"nps": 6.0, "csat": 2.0, "ces": 3.0, "rating": 2.0}
"""By metric, the highest score that is low unless a rule says otherwise, each on the usual scale of its metric."""


class AlertRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What raises an alert; none ships, `docs/alerts.md` has ready ones.

    `when` is one of `detractor` (a low score), `silent` (a customer who used to come more often), `repeat_contact` (the
    same topic again), `sla` (a ticket without a first human reply in time), `churn_risk` (1 − P(alive) of a buyer) and
    `unanswered` (a message after which nobody of the company said anything).
    """

    name: str
    when: str
    owner: str = CUSTOMER_OWNER
    """Who answers for it: a person, or "customer owner"."""
    or_owner: str | None = None
    """Who does where the customer has no owner."""
    due_hours: float = 24.0
    """How soon somebody shall have reacted, from the moment at which it is raised."""
    business_hours: bool = False
    """Whether `due_hours` and `hours` are hours in which the company is open (`[calendar]`)."""
    cool_down_days: float = 14.0
    """For so long the same rule says nothing more of the same customer."""
    look_back_days: float = 30.0
    """What began longer ago is no news and raises nothing."""
    metric: str = "nps"
    """Of `detractor`: `nps`, `csat`, `ces` or `rating`."""
    at_most: float | None = None
    """Of `detractor`: the highest score that is low. Unset: 6 of NPS, 2 of CSAT and rating, 3 of CES."""
    hours: float = 24.0
    """Of `sla` and `unanswered`: how long a customer may wait."""
    days: float = 7.0
    """Of `repeat_contact`: within how many days."""
    contacts: int = 2
    """Of `repeat_contact`: from so many contacts on."""
    times: float = 3.0
    """Of `silent`: quiet for more than so many of the customer's own median gaps, of which five must be known."""
    least_days: int = 14
    """Of `silent`: and never before so many days."""
    at_least: float = 0.7
    """Of `churn_risk`: from this probability on, 0 to 1."""
    kinds: tuple[str, ...] = ()
    """The interactions that count, where the usual ones of `when` do not fit."""


def problems_of(alerts: Sequence[AlertRule]) -> Iterator[str]:
    """What makes no sense in the sections [[alert]], each with the value and the remedy."""
    names = [alert.name for alert in alerts]
    if len(set(names)) < len(names):
        yield f"two [[alert]] have the same name ({', '.join(names)}). Give each its own: an alert is known by it."
    for alert in alerts:
        where = f"[[alert]] {alert.name}"
        if not alert.name.strip():
            yield '[[alert]] has an empty name. Write what people shall read, e.g. name = "A detractor".'
        if alert.when not in CONDITIONS:
            yield f"{where}: when '{alert.when}' is not known.{_meant(alert.when, CONDITIONS)}"
        if alert.metric not in LOW_SCORE:
            yield f"{where}: metric '{alert.metric}' is not known.{_meant(alert.metric, tuple(LOW_SCORE))}"
        if not alert.owner.strip():
            yield f"{where}: owner is empty. Name a person, or leave it out: then the customer's owner is asked."
        for key in ("due_hours", "look_back_days", "hours", "days", "times"):
            if not getattr(alert, key) > 0:
                yield f"{where}: {key} is {getattr(alert, key):g}. Give more than 0."
        for key, least in (("cool_down_days", 0), ("least_days", 1), ("contacts", 2)):
            if getattr(alert, key) < least:
                yield f"{where}: {key} is {getattr(alert, key):g}. Give at least {least}."
        if not 0 < alert.at_least < 1:
            yield f"{where}: at_least is {alert.at_least:g}. Give a probability between 0 and 1."


def threshold_of(alert: AlertRule) -> float:
    """The highest score that is low, by a rule about scores."""
    return LOW_SCORE[alert.metric] if alert.at_most is None else alert.at_most


def _meant(value: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(value, known, n=1)
    return (f" Did you mean '{near[0]}'?" if near else "") + f" Known: {', '.join(known)}."
