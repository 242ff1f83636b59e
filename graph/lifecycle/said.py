"""The CRM says, the facts say: the stage that a record names beside the one that the journey shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.figures.scope import Scope
from graph.figures.steps import numbered
from graph.lifecycle.passage import stage_at_end, visits
from graph.lifecycle.visits import told_stages


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Customers (or accounts) of whom the CRM says one stage (None: nothing) and the facts another (or the same)."""

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

    What the CRM says is known as it is today only; of an account it is the furthest that it says of its people.
    """
    return list(scope.once(("said and shown", examples), lambda: _said_and_shown(scope.of_members(), examples)))


def _said_and_shown(scope: Scope, examples: int) -> list[Disagreement]:
    told = told_stages(scope.view, "stage_said")
    names, said = told.values, told.codes.astype(np.int64)
    shown = stage_at_end(scope, visits(scope))
    members = np.flatnonzero(scope.view.members)
    both = (said[members] + 1) * (len(names) + 1) + shown[members] + 1
    pairs, where = numbered(both, (len(names) + 1) ** 2)
    counts = np.bincount(where, minlength=len(pairs))
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
