"""The measured profile of a group of customers: what stands beside the words of a persona."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.estimates.average import median
from graph.estimates.proportion import proportion
from graph.figures.figure import LEAST_SAMPLE, Figure, Unavailable, none
from graph.figures.scope import Scope
from graph.journeys.part import NOT_SAID
from graph.journeys.view import Mask, Unit, View
from graph.segments.conditions import born, first_moments
from graph.segments.spans import DAY

_DAYS_OF_YEAR = 365.2425


@dataclass(frozen=True, slots=True)
class Share:
    """One channel or touchpoint: how many of the group's customers used it, how often, and its share of all uses."""

    key: str
    label: str
    customers: int
    uses: int
    share: float


@dataclass(frozen=True, slots=True)
class Profile:
    """Of a group at the scope's moment; `channels` and `touchpoints` are of what they did in the period."""

    customers: int
    median_age: Figure
    median_tenure: Figure
    channels: tuple[Share, ...]
    touchpoints: tuple[Share, ...]


def profile_of(scope: Scope, most: int = 10) -> Profile:
    """The profile of the scope's customers: age in years, days since their first interaction, what they use.

    Channels and touchpoints count activity (inbound, not automated); one that fewer than five customers used is left
    out. Of accounts age and time with us are those of their people.
    """
    now, members = scope.now_ms, _people(scope.view)
    return Profile(
        scope.view.size,
        _median((now - _known(born(scope.view.journeys), members, now)) / (DAY * _DAYS_OF_YEAR), "a day of birth"),
        _median((now - _known(first_moments(scope.view.journeys), members, now)) / DAY, "an interaction"),
        _shares(scope, "channel", most),
        _shares(scope, "touchpoint", most),
    )


def share_of_hoped_words(scope: Scope, words: Sequence[str]) -> Figure:
    """The share of the period's comments that have one of these words in them, as percent; whole words, any case."""
    if not words:
        return none(Unavailable.NOT_CONFIGURED, "The persona names no hoped_words.")
    rows = scope.rows()
    rows = rows.where(rows.arrow("comment").is_valid().to_numpy(zero_copy_only=False))
    hoped = re.compile(rf"\b({'|'.join(re.escape(word) for word in words)})\b", re.IGNORECASE)
    comments = [text for text in rows.texts("comment") if text]
    if comments and len(np.unique(rows.unit)) < LEAST_SAMPLE:
        return none(Unavailable.SAMPLE_TOO_SMALL, f"Comments of fewer than {LEAST_SAMPLE} customers.", len(comments))
    found = sum(1 for text in comments if hoped.search(text))
    return Figure.of(proportion(found, len(comments)), factor=100)


def _people(view: View) -> Mask:
    """By customer, whether they are looked at, or are people of an account that is."""
    if view.unit_of is Unit.CUSTOMER:
        return view.members
    return np.append(view.members, False)[view.journeys.account_of]  # -1, no account, is the last


def _known(moments: NDArray[np.int64], members: NDArray[np.bool_], now: int) -> NDArray[np.int64]:
    known: NDArray[np.int64] = moments[members & (moments != NOT_SAID) & (moments <= now)]
    return known


def _median(values: NDArray[np.float64], of: str) -> Figure:
    if not len(values):
        return none(Unavailable.NO_DATA_IN_PERIOD, f"Nobody of them has {of}.")
    return Figure.of(median(values))


def _shares(scope: Scope, column: str, most: int) -> tuple[Share, ...]:
    rows = scope.rows()
    rows = rows.where(rows.is_activity)
    used = rows.coded(column)
    known = used.codes >= 0
    uses = np.bincount(used.codes[known], minlength=len(used.values))
    pairs = np.unique(used.codes[known].astype(np.int64) << 32 | rows.unit[known])
    customers = np.bincount(pairs >> 32, minlength=len(used.values))
    names = scope.view.journeys.touchpoints if column == "touchpoint" else {}
    order = sorted(np.flatnonzero(customers >= LEAST_SAMPLE), key=lambda code: (-uses[code], used.values[code]))
    return tuple(
        Share(
            used.values[code],
            names[used.values[code]].name if used.values[code] in names else used.values[code],
            int(customers[code]),
            int(uses[code]),
            float(uses[code] / uses.sum()),
        )
        for code in order[:most]
    )
