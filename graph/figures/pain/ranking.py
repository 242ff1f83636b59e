"""Pain points, ranked by how many customers they hurt and how much: customers × harm."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.figures.figure import LEAST_SAMPLE
from graph.figures.pain.asking import abandoned_forms, repeated_requests
from graph.figures.pain.attention import campaigns_during_complaints, silences, two_owners
from graph.figures.pain.harm import Harm, Scores, harm_of, scores_of
from graph.figures.pain.leads import recycled_leads, slow_lead_responses
from graph.figures.pain.occurrences import Find, Occurrences, Pain
from graph.figures.pain.service import hurting_handoffs, ping_pong, repeat_contacts
from graph.figures.scope import Scope
from graph.journeys.period import Period

FINDS: Mapping[Pain, Find] = {
    Pain.REPEATED_REQUEST: repeated_requests,
    Pain.PING_PONG: ping_pong,
    Pain.SILENCE: silences,
    Pain.HANDOFF_HURT: hurting_handoffs,
    Pain.REPEAT_CONTACT: repeat_contacts,
    Pain.SLOW_LEAD_RESPONSE: slow_lead_responses,
    Pain.LEAD_RECYCLED: recycled_leads,
    Pain.ABANDONED_FORM: abandoned_forms,
    Pain.CAMPAIGN_DURING_COMPLAINT: campaigns_during_complaints,
    Pain.TWO_OWNERS: two_owners,
}
OF_A_PERIOD = frozenset({Pain.SILENCE, Pain.TWO_OWNERS, Pain.HANDOFF_HURT})
"""Kinds that are told of a period as a whole; all others happen at moments."""
MOST_WAYS = 20
MOST_EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Counted:
    """How often, and to how many customers (or accounts); None of both where it was fewer than 5 but some."""

    occurrences: int | None
    customers: int | None

    @classmethod
    def of(cls, found: Occurrences) -> Counted:
        customers = found.customers()
        return cls(None, None) if 0 < customers < LEAST_SAMPLE else cls(len(found), customers)


@dataclass(frozen=True, slots=True)
class PainPoint:
    """One kind: `impact` is customers × harm, how many more of them say that they are not content; None where harm
    cannot be measured. `examples` are numbers of customers (or accounts), the latest first; none of a few."""

    kind: Pain
    definition: str
    now: Counted
    before: Counted
    harm: Harm
    impact: float | None
    ways: tuple[tuple[str, Counted], ...]
    examples: NDArray[np.int64]


def pain_points(scope: Scope) -> list[PainPoint]:
    """All kinds: first those that are known to hurt, by customers × harm, then those whose harm cannot be measured, by
    customers, then those that are not known to hurt; those that did not happen last."""
    return list(scope.once("pain points", lambda: _ranked(scope)))


def definition_of(find: Find) -> str:
    """What a kind means, in words."""
    return " ".join(inspect.cleandoc(find.__doc__ or "").split())


def _ranked(scope: Scope) -> Sequence[PainPoint]:
    scores = scores_of(scope)
    return sorted((_pain_point(scope, kind, scores) for kind in FINDS), key=_rank)


def _pain_point(scope: Scope, kind: Pain, scores: Sequence[Scores]) -> PainPoint:
    find, period = FINDS[kind], scope.period
    if kind in OF_A_PERIOD:
        found, earlier = find(scope), find(scope.at(period.before))
    else:
        both = find(scope.at(Period(period.before.first, period.end, period.zone)))
        found, earlier = both.within(period), both.within(period.before)
    now, before = Counted.of(found), Counted.of(earlier)
    harm = harm_of(scope, found, scores)
    worse = harm.worse.value
    impact = None if worse is None or now.customers is None else now.customers * max(worse, 0.0) / 100
    few = now.customers is None
    return PainPoint(
        kind,
        definition_of(find),
        now,
        before,
        harm,
        impact,
        () if few else tuple(_ways(found)),
        np.zeros(0, np.int64) if few else _examples(found),
    )


def _rank(point: PainPoint) -> tuple[int, float]:
    customers = point.now.customers
    if customers == 0:
        return 3, 0.0
    if point.impact is None:
        return 1, -float(customers or 0)
    return (0, -point.impact) if point.impact > 0 else (2, -float(customers or 0))


def _ways(found: Occurrences) -> Iterator[tuple[str, Counted]]:
    """The ways it took, the most frequent first; those of fewer than 5 customers are left out."""
    codes = found.way.codes
    many = np.bincount(codes[codes >= 0], minlength=len(found.way.values))
    told = 0
    for code in sorted(np.flatnonzero(many), key=lambda code: (-many[code], found.way.values[code])):
        counted = Counted.of(found.where(codes == code))
        if counted.customers is not None and told < MOST_WAYS:
            yield found.way.values[code], counted
            told += 1


def _examples(found: Occurrences) -> NDArray[np.int64]:
    latest = found.unit[np.lexsort((found.unit, -found.at))]
    first = np.sort(np.unique(latest, return_index=True)[1])
    return latest[first][:MOST_EXAMPLES]
