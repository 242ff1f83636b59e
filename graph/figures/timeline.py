"""One customer's journey as one ordered list: interactions, scores, handoffs, stage changes, and when matters began.

Of one moment a matter begins before the interaction that begins it, and what follows from an interaction comes after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.journeys.journeys import Journeys
from graph.journeys.layout import TEXT
from graph.journeys.part import NOT_SAID, Columns
from graph.journeys.view import Unit, View

MATTERS = ("ticket", "deal", "order", "subscription")


class ItemType(StrEnum):
    """What an item of a journey is."""

    MATTER = "MATTER"
    INTERACTION = "INTERACTION"
    SCORE = "SCORE"
    HANDOFF = "HANDOFF"
    STAGE_CHANGE = "STAGE_CHANGE"


_RANK = {kind: rank for rank, kind in enumerate(ItemType)}


@dataclass(frozen=True, slots=True)
class Item:
    """Something that happened at `at` (epoch ms); what does not belong to its type is None.

    `key` is the interaction's id, or the matter's key, or tells a handoff or stage change apart. `begin` and `end` are
    teams (or functions) of a handoff, or stages. A matter lasts until `ended_at`, its last interaction so far.
    """

    type: ItemType
    at: int
    key: str
    interaction: str | None = None
    kind: str | None = None
    function: str | None = None
    channel: str | None = None
    direction: str | None = None
    automated: bool = False
    touchpoint: str | None = None
    stage: str | None = None
    campaign: str | None = None
    matter_kind: str | None = None
    matter: str | None = None
    ended_at: int | None = None
    interactions: int | None = None
    begin: str | None = None
    end: str | None = None
    regression: bool | None = None
    wait: float | None = None
    business_wait: float | None = None
    metric: str | None = None
    score: float | None = None
    scale_max: float | None = None

    @property
    def place(self) -> tuple[int, int, str]:
        """What items are ordered by."""
        return self.at, _RANK[self.type], self.key


def timeline(journeys: Journeys, customer: int, until_ms: int, include_automated: bool = False) -> list[Item]:
    """All that belongs to the journey of a customer (by number) until that moment, in order."""
    view = journeys.view(Unit.CUSTOMER, until_ms)
    mine = view.unit == customer
    rows = view.where(mine if include_automated else mine & ~view.flags("automated"))
    (who,) = journeys.customer_ids(np.array([customer]))
    found = [
        *_interactions(rows),
        *_matters(rows),
        *_handoffs(journeys.handoffs, who, until_ms),
        *_stage_changes(journeys.stages, who, until_ms),
    ]
    return sorted(found, key=lambda item: item.place)


def _interactions(rows: View) -> Iterator[Item]:
    names = ("kind", "function", "channel", "direction", "touchpoint", "stage", "campaign", "metric")
    coded = {name: rows.coded(name) for name in names}
    touchpoints = rows.journeys.touchpoints
    at, automated, ids = rows.at, rows.flags("automated"), rows.texts("id")
    score, scale_max = rows.numbers("score"), rows.numbers("scale_max")
    matters = {name: rows.texts(name) for name in MATTERS}
    for number, id in enumerate(ids):
        said = {name: column.at(number) for name, column in coded.items()}
        touchpoint = touchpoints.get(said["touchpoint"] or "")
        has_score = not np.isnan(score[number])
        kind = next((name for name in MATTERS if matters[name][number] is not None), None)
        yield Item(
            ItemType.SCORE if has_score else ItemType.INTERACTION,
            int(at[number]),
            str(id),
            interaction=str(id),
            kind=said["kind"],
            function=said["function"],
            channel=said["channel"],
            direction=said["direction"],
            automated=bool(automated[number]),
            touchpoint=touchpoint.name if touchpoint else said["touchpoint"],
            stage=said["stage"],
            campaign=said["campaign"],
            matter_kind=kind,
            matter=matters[kind][number] if kind else None,
            metric=said["metric"] if has_score else None,
            score=float(score[number]) if has_score else None,
            scale_max=None if not has_score or np.isnan(scale_max[number]) else float(scale_max[number]),
        )


def _matters(rows: View) -> Iterator[Item]:
    at = rows.at
    for name in MATTERS:
        moments: dict[str, list[int]] = {}
        for number, key in enumerate(rows.texts(name)):
            if key is not None:
                moments.setdefault(key, []).append(int(at[number]))
        for key, times in moments.items():
            yield Item(
                ItemType.MATTER,
                times[0],
                key,
                matter_kind=name,
                matter=key,
                ended_at=times[-1],
                interactions=len(times),
            )


def _handoffs(table: Columns, who: str, until_ms: int) -> Iterator[Item]:
    at = table.moments("at")
    coded = {name: table.coded(name) for name in ("from_team", "to_team", "from_function", "to_function")}
    wait, business = table.numbers("wait_seconds"), table.numbers("business_wait_seconds")
    for row in _rows_of(table, who, until_ms):
        said = {name: column.at(row) for name, column in coded.items()}
        source, target, matter = (table.arrow(name)[row].as_py() for name in ("source", "target", "matter"))
        sort, _, key = (matter or "").partition(":")
        yield Item(
            ItemType.HANDOFF,
            int(at[row]),
            f"{source}>{target}",
            interaction=target,
            function=said["to_function"],
            matter_kind=sort if sort in MATTERS else None,
            matter=key or None,
            begin=said["from_team"] or said["from_function"],
            end=said["to_team"] or said["to_function"],
            wait=_known(wait[row]),
            business_wait=_known(business[row]),
        )


def _stage_changes(table: Columns, who: str, until_ms: int) -> Iterator[Item]:
    at, left, ordinal = table.moments("at"), table.moments("left_at"), table.moments("ordinal")
    stage, before, back = table.coded("stage"), table.coded("from_stage"), table.flags("regression")
    for row in _rows_of(table, who, until_ms):
        over = int(left[row]) if left[row] != NOT_SAID and left[row] <= until_ms else None
        yield Item(
            ItemType.STAGE_CHANGE,
            int(at[row]),
            f"{ordinal[row]:09d}",
            interaction=table.arrow("cause")[row].as_py(),
            stage=stage.at(row),
            ended_at=over,
            begin=before.at(row),
            end=stage.at(row),
            regression=bool(back[row]),
        )


def _rows_of(table: Columns, who: str, until_ms: int) -> list[int]:
    is_theirs = pc.equal(table.arrow("who"), pa.scalar(who, TEXT)).to_numpy() & (table.moments("at") <= until_ms)
    return [int(row) for row in np.flatnonzero(is_theirs)]


def _known(number: float) -> float | None:
    return None if np.isnan(number) else float(number)
