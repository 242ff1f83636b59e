"""Handoffs as columns: the responsible team or owner changes for the same matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.journeys.part import Coded, Part, places
from graph.journeys.view import Unit, View


@dataclass(frozen=True, slots=True)
class Handoffs:
    """One a row, those of one unit and matter together, in the order of time; moments are epoch milliseconds."""

    unit: NDArray[np.int32]
    at: NDArray[np.int64]
    matter: NDArray[np.int64]
    """A number a matter."""
    is_link: NDArray[np.bool_]
    """Whether it is a declared link between functions (`[[handoff]]` of rules.toml) and no move of one matter."""
    giver: Coded
    """The team that gave it away, or where none is named the function."""
    taker: Coded
    row: NDArray[np.int64]
    """Its row in the journeys' table of handoffs."""

    def __len__(self) -> int:
        return len(self.unit)

    def where(self, chosen: NDArray[np.bool_]) -> Handoffs:
        """Only these."""
        return Handoffs(
            self.unit[chosen],
            self.at[chosen],
            self.matter[chosen],
            self.is_link[chosen],
            self.giver.take(chosen),
            self.taker.take(chosen),
            self.row[chosen],
        )


def handoffs_of(view: View) -> Handoffs:
    """All handoffs that the view's customers (or accounts) had experienced by its `as_of`.

    A handoff that several people of an account experienced happened to the account once.
    """
    return view.as_of_moment("handoffs", lambda: _handoffs_of(view))


def _handoffs_of(view: View) -> Handoffs:
    part = view.journeys.handoffs
    unit = view.journeys.whose(part)
    if view.unit_of is Unit.ACCOUNT:
        unit = np.where(unit >= 0, np.append(view.journeys.account_of, -1)[unit], -1).astype(np.int32)
    at = part.moments("at")
    matter = part.coded("matter")
    giver, taker = _party(part, "from"), _party(part, "to")
    kept = np.flatnonzero((unit >= 0) & (at <= view.as_of))
    kept = kept[view.members[unit[kept]]]
    kept = kept[np.lexsort((at[kept], matter.codes[kept], unit[kept]))]
    same = np.zeros(len(kept), np.bool_)
    same[1:] = (
        (unit[kept][1:] == unit[kept][:-1])
        & (matter.codes[kept][1:] == matter.codes[kept][:-1])
        & (at[kept][1:] == at[kept][:-1])
    )
    kept = kept[~same]
    links = np.array([value.startswith("link:") for value in (*matter.values, "")], np.bool_)
    return Handoffs(
        unit[kept],
        at[kept],
        matter.codes[kept].astype(np.int64),
        links[matter.codes[kept]],
        giver.take(kept),
        taker.take(kept),
        kept,
    )


def targets(view: View, found: Handoffs) -> NDArray[np.int64]:
    """By handoff, the row of the view in which the new team appears; -1 where it is not in the view."""
    ids = view.journeys.handoffs.arrow("target").take(pa.array(found.row, pa.int64()))
    return places(ids, view.arrow("id")).astype(np.int64)


def _party(part: Part, side: str) -> Coded:
    team, function = part.coded(f"{side}_team"), part.coded(f"{side}_function")
    values = (*team.values, *function.values)
    named = np.where(team.codes >= 0, team.codes, np.where(function.codes >= 0, function.codes + len(team.values), -1))
    return Coded(named.astype(np.int32), values)
