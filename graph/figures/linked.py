"""What customers say, beside what they do: a figure of those who scored high and of those who scored low.

It is association, not effect: who is content and who stays may both follow from something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from graph.estimates.estimate import Estimate, difference
from graph.figures.figure import Figure, Kpi
from graph.figures.scope import EventFilter, Scope
from graph.figures.score_groups import (
    ScoreGroup,
    ces_groups,
    contact_groups,
    csat_groups,
    good_or_bad_groups,
    nps_groups,
    rating_groups,
)
from graph.journeys.period import Period

CAVEAT = (
    "Association, not effect: these are figures of the same customers. What makes them content may also make them "
    "stay, or the other way round."
)


@dataclass(frozen=True, slots=True)
class Linked:
    """A figure of each group, and how the first group differs from the last."""

    groups: list[tuple[ScoreGroup, Figure]]
    difference: Estimate | None


class NotLinkable(LookupError):
    """The KPI has no groups of customers; the message says which have."""


def linked(scope: Scope, key: str, outcome: Kpi, then: Period | None = None) -> Linked:
    """`outcome` of the groups of the KPI `key`, the best first; each customer by their latest answer of the period.

    `then` is the period of the outcome, where it is another: what they did in the months after, say. An event filter
    narrows the answers; the outcome is of all that these customers did. NotLinkable: see there.
    """
    if key not in _GROUPS:
        raise NotLinkable(f"'{key}' parts customers into no groups. Those that do: {', '.join(sorted(_GROUPS))}.")
    after = replace(scope, only=EventFilter(), period=then or scope.period)
    told = [(group, outcome.figure(after.of(group.members))) for group in _GROUPS[key](scope)]
    return Linked(told, _difference(told[0][1], told[-1][1]))


_GROUPS: Mapping[str, Callable[[Scope], list[ScoreGroup]]] = {
    "nps_relationship": nps_groups,
    "nps_transactional": lambda scope: nps_groups(scope, "transactional"),
    "csat": csat_groups,
    "csat_binary": good_or_bad_groups,
    "ces": ces_groups,
    "ces_mean": ces_groups,
    "rating": rating_groups,
    "first_contact_resolution": contact_groups,
}


def _difference(first: Figure, second: Figure) -> Estimate | None:
    """First less second where both have an interval.

    Groups are taken as independent. Lifetime values of both hang on the same models, whose error mostly moves them
    together, so that the interval of their difference is rather too wide than too narrow.
    """
    both = [
        Estimate(each.value, each.low, each.high, each.sample_size, each.method, each.level)
        for each in (first, second)
        if each.value is not None and each.method is not None
    ]
    return difference(*both) if len(both) == 2 else None
