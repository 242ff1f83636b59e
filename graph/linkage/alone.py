"""Values that stand alone: hardly any record carries them, as is the way of errors of typing.

Two records that nearly agree are one person's whose hand slipped, or two people's with like names. What slipped stands
alone; a name that others have, too, was hardly a slip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.linkage.coded import Coded, Column, Ints, Rows
from graph.linkage.compare import SAME, Levels
from graph.linkage.fields import Field
from graph.linkage.model import LEAST_CARRIED, Weights

Signs = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

_USUAL_PAIRS = 50.0
_SEVERAL = ("email", "phone")


def told_alone(field: Field) -> bool:
    """Whether it is looked at if a field's values stand alone: not where a record may have several of them."""
    return field.weigh_frequency and field.name not in _SEVERAL


def rows_alone(column: Column, carried: Rows) -> Signs:
    """Row by row 1 where hardly any record carries its value, else 0; `carried` says by value how many do."""
    return np.append(carried < LEAST_CARRIED, False).astype(np.uint8)[column.codes]


def standings(alone: Signs, left: Ints, right: Ints, levels: npt.NDArray[np.uint8]) -> Signs:
    """Pair by pair twice the level on which a field stands, and one more where a value of the two stands alone."""
    return np.asarray(2 * levels + (alone[left] | alone[right]), np.uint8)


def alone_of_strangers(
    records: Coded, fields: Sequence[Field], left: Ints, right: Ints, levels: Levels, worth: float
) -> list[Floats]:
    """By field and level, the share of pairs drawn at random one of whose values stands alone."""
    found = []
    for at, field in enumerate(fields):
        width = len(field.levels)
        if not told_alone(field):
            found.append(np.full(width, 0.5))
            continue
        shown = standings(rows_alone(records[field.name], records[field.name].counts), left, right, levels[:, at])
        seen, hits = _counted(np.bincount(shown, minlength=2 * width + 2) * worth)
        usual = (hits[SAME:].sum() + 1) / (seen[SAME:].sum() + 2)
        found.append((hits + _USUAL_PAIRS * usual) / (seen + _USUAL_PAIRS))
    return found


@dataclass(frozen=True)
class Shown:
    """The `standings` of the pairs at `places` on one field."""

    places: npt.NDArray[np.intp]
    standings: Signs


def alone_of_matches(shown: Sequence[Shown | None], likely: Floats, strangers: Weights) -> Weights:
    """The same of matches, from pairs that are so `likely` matches; as of strangers where few of them show it.

    `shown` is by field, None where it is not looked at.
    """
    found = []
    for some, others in zip(shown, strangers, strict=True):
        share = np.array(others)
        if some is not None:
            counts = np.bincount(some.standings, likely[some.places], 2 * len(share) + 2)
            seen, hits = _counted(counts)
            share = (hits + _USUAL_PAIRS * share) / (seen + _USUAL_PAIRS)
        found.append(tuple(float(one) for one in share))
    return tuple(found)


def alone_bits(matches: Sequence[float], strangers: Sequence[float]) -> npt.NDArray[np.float32]:
    """By `standings`, how much more it says of matches than of strangers that a value stands alone, or none does."""
    bits = np.zeros((len(matches) + 1, 2), np.float32)
    share, other = (np.clip(shares, 1e-6, 1 - 1e-6) for shares in (matches, strangers))
    bits[SAME + 1 :] = np.log2(np.stack(((1 - share) / (1 - other), share / other), 1))[SAME:]
    return bits.ravel()


def _counted(pairs: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Of pairs by standing, level by level: how many there are, and how many of them have a value that stands alone."""
    by_level = np.asarray(pairs, np.float64).reshape(-1, 2)[1:]
    return by_level.sum(1), by_level[:, 1]
