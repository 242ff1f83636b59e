"""The lifecycle at a date, kept: acquisition, activation, retention and reactivation, and what was lost at each stage.

A baseline is a fact: what the figures were as they were known when it was recorded. It is never worked out again, so
that what is merged, imported or set up otherwise later does not move what one measures against.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec

from graph.cypher import cypher
from graph.figures.board import KPIS
from graph.figures.figure import Figure
from graph.figures.scope import Scope
from graph.journeys.view import Unit
from graph.lifecycle.passage import passages
from graph.store.driver import Store
from graph.sync.asking import Ask, Refused
from graph.sync.keep import keep, kept_id
from graph.sync.request import request_hash

FIGURES = {
    "acquisition": "new_customers",
    "activation": "onboarding_success",
    "retention": "period_retention",
    "reactivation": "reactivation_rate",
}
"""The KPI of each part of the lifecycle."""


class KeptFigure(msgspec.Struct, frozen=True):
    """A figure as it was; `value` in the KPI's unit, `unavailable` says why there is none."""

    key: str
    value: float | None
    sample_size: int
    low: float | None = None
    high: float | None = None
    unavailable: str | None = None


class KeptStage(msgspec.Struct, frozen=True):
    """A stage as it was: customers in it, and the share of those who were in it in the period that was lost (%)."""

    stage: str
    customers: int
    lost_share: float | None


class Baseline(msgspec.Struct, frozen=True):
    """The lifecycle of a period as it was known at `at` (epoch milliseconds), counted in customers or accounts."""

    id: str
    name: str
    first: date
    end: date
    at: int
    by: str
    figures: tuple[KeptFigure, ...]
    stages: tuple[KeptStage, ...]
    unit: Unit = Unit.CUSTOMER

    @property
    def lost_shares(self) -> Mapping[str, float]:
        """By stage, the lost share in percent, where it was known."""
        return {stage.stage: stage.lost_share for stage in self.stages if stage.lost_share is not None}


def measured(scope: Scope) -> tuple[tuple[KeptFigure, ...], tuple[KeptStage, ...]]:
    """What a baseline of this scope keeps."""
    figures = tuple(_kept(key, KPIS[key].figure(scope)) for key in FIGURES.values() if key in KPIS)
    stages = tuple(KeptStage(one.stage, one.customers, one.lost_share.value) for one in passages(scope))
    return figures, stages


async def record_baseline(store: Store, name: str, scope: Scope, ask: Ask) -> Baseline:
    """Keep the lifecycle of the scope under a name; the same request with the same key is kept once. Raises Refused."""
    if not name.strip():
        raise Refused("INVALID", "A baseline needs a name, e.g. 'before the new onboarding'.", "name")
    unit = scope.view.unit_of
    of_accounts = [unit.value] if unit is Unit.ACCOUNT else []
    request = request_hash("baseline", name, scope.period.first, scope.period.end, *of_accounts)
    known = await baselines(store)
    figures, stages = measured(scope)
    id = kept_id(ask)
    made = Baseline(id, name, scope.period.first, scope.period.end, scope.now_ms, ask.by, figures, stages, unit)
    same = next((baseline for baseline in known if baseline.id == id), None)
    if same is None and any(baseline.name == name for baseline in known):
        raise Refused("INVALID", f"There is a baseline '{name}' already, and it is not replaced: take another.", "name")
    if ask.dry_run:
        return same or made

    body = await keep(
        store, cypher("writes/record_baseline"), id, name, msgspec.json.encode(made).decode(), ask, request
    )
    return msgspec.json.decode(body, type=Baseline)


async def baselines(store: Store) -> list[Baseline]:
    """All that were recorded, the newest first."""
    return [msgspec.json.decode(body, type=Baseline) for (body,) in await store.read(cypher("writes/read_baselines"))]


def _kept(key: str, figure: Figure) -> KeptFigure:
    why = None if figure.unavailable is None else figure.unavailable.value
    return KeptFigure(key, figure.value, figure.sample_size, figure.low, figure.high, why)
