"""Brand promises: what is promised, what customers perceive, and the gap between."""

from __future__ import annotations

from dataclasses import dataclass

from graph.figures.board import kpi_of
from graph.figures.figure import Figure, Kpi
from graph.figures.scope import Scope
from graph.maps.rules import PromiseRule


@dataclass(frozen=True, slots=True)
class PromiseKept:
    """`gap` in the KPI's unit: how much is missing, below 0 where more than promised is perceived."""

    promise: PromiseRule
    kpi: Kpi
    perceived: Figure
    gap: float | None
    is_kept: bool | None
    is_certain: bool
    """Whether the whole interval lies on one side of what is promised."""


def promises(scope: Scope) -> list[PromiseKept]:
    """All promises of rules.toml in the period, the widest gap (as a share of what is promised) first.

    UnknownKpi: a promise names a KPI that is not there.
    """
    found = [_perceived(promise, scope) for promise in scope.rules.promise]
    return sorted(found, key=lambda each: (each.gap is None, -(each.gap or 0.0) / (abs(each.promise.threshold) or 1.0)))


def _perceived(promise: PromiseRule, scope: Scope) -> PromiseKept:
    kpi = kpi_of(promise.kpi)
    own = scope
    if promise.touchpoints:
        keys = scope.view.journeys.touchpoint_keys(promise.touchpoints)
        own = scope.where(touchpoints=keys or promise.touchpoints)
    figure = kpi.figure(own)
    if figure.value is None:
        return PromiseKept(promise, kpi, figure, None, None, is_certain=False)
    more, low, high = kpi.definition.higher_is_better, figure.low, figure.high
    gap = promise.threshold - figure.value if more else figure.value - promise.threshold
    certain = (low is not None and low >= promise.threshold) or (high is not None and high < promise.threshold)
    return PromiseKept(promise, kpi, figure, gap, gap <= 0, certain)
