"""The CRM says, the facts say: the stage that a record names beside the one that the journey shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.figures.scope import Scope
from graph.lifecycle.passage import stage_at_end, visits


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Customers of whom the CRM says one stage (None: nothing) and the facts another (or the same)."""

    said: str | None
    shown: str | None
    customers: int
    examples: tuple[int, ...]
    """Numbers of a few of them."""

    @property
    def agrees(self) -> bool:
        return self.said == self.shown


def said_and_shown(scope: Scope, examples: int = 5) -> list[Disagreement]:
    """Every pair of stages that occurs at the end of the period, those with most customers first.

    What the CRM says is known as it is today only.
    """
    names = [stage.name for stage in scope.rules.stage]
    coded = scope.view.journeys.customers.coded("stage_said")
    places = {name: place for place, name in enumerate(names)}
    said = np.array([*(places.get(value, -1) for value in coded.values), -1], np.int64)[coded.codes]
    shown = stage_at_end(scope, visits(scope))
    members = np.flatnonzero(scope.view.members)
    pairs, where, counts = np.unique(
        (said[members] + 1) * (len(names) + 1) + shown[members] + 1, return_inverse=True, return_counts=True
    )
    order = np.argsort(-counts, kind="stable")
    found = []
    for place in order:
        first, second = divmod(int(pairs[place]), len(names) + 1)
        some = members[np.flatnonzero(where == place)[:examples]]
        found.append(
            Disagreement(
                None if first == 0 else names[first - 1],
                None if second == 0 else names[second - 1],
                int(counts[place]),
                tuple(int(number) for number in some),
            )
        )
    return found
