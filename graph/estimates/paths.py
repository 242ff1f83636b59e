"""Paths of touches that ended in a conversion or did not, as columns; and the credit that channels get for them.

Credit is not effect: it says who was there when somebody converted, not who made them. A channel that is shown to those
who would have bought anyway earns credit by every model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.estimates.columns import BoolArray, FloatArray, IntArray, flags, not_negative
from graph.estimates.estimate import EstimateError

CAVEAT = "credit, not effect"


@dataclass(frozen=True, slots=True)
class Paths:
    """n paths of m touches in all, ordered by time within each path; made by `paths_of`.

    Path i has the touches offsets[i] to offsets[i + 1]; `channels` codes from 0 to many − 1. `converted` says how a
    path ended, `values` what the conversion counts (1, or revenue), 0 without one. Anything can be a channel:
    campaigns, functions, touchpoints.
    """

    offsets: IntArray
    channels: npt.NDArray[np.int32]
    converted: BoolArray
    values: FloatArray
    many: int

    @property
    def lengths(self) -> IntArray:
        """int64[n]: touches of each path."""
        return np.diff(self.offsets)

    @property
    def path_of(self) -> IntArray:
        """int64[m]: the path of each touch."""
        return np.repeat(np.arange(self.converted.size), self.lengths)

    def totals(self, touches: FloatArray) -> FloatArray:
        """float64[n]: float64[m] summed by path."""
        return np.bincount(self.path_of, touches, minlength=self.converted.size).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Credit:
    """by_channel float64[many], in what the conversions' values are (customers, revenue).

    Their sum and `unattributed`, the value of conversions without a touch, make up all conversions.
    """

    by_channel: FloatArray
    unattributed: float


def paths_of(
    offsets: npt.ArrayLike,
    channels: npt.ArrayLike,
    converted: npt.ArrayLike,
    values: npt.ArrayLike | None = None,
    many: int | None = None,
) -> Paths:
    """Paths from offsets int[n + 1], channels int[m], converted bool[n], values float[n] (default: 1 a conversion).

    `many` is how many channels there are, whether touched or not; by default the highest code and those below.

    EstimateError: columns that do not fit each other, codes that are no channel's, values below 0.
    """
    edges, codes = np.asarray(offsets, dtype=np.int64), np.asarray(channels, dtype=np.int32)
    ended = flags("converted", converted)
    if edges.shape != (ended.size + 1,) or edges[0] != 0 or edges[-1] != codes.size or (np.diff(edges) < 0).any():
        raise EstimateError(
            f"The offsets of {ended.size} paths must be {ended.size + 1} numbers that rise from 0 to {codes.size}, "
            "the number of touches. Check how the paths were put together."
        )
    highest = int(codes.max(initial=-1))
    count = highest + 1 if many is None else many
    if codes.size and (int(codes.min()) < 0 or highest >= count):
        raise EstimateError(
            f"Channels are coded from {int(codes.min())} to {highest}, not from 0 to {count - 1}. Code them so."
        )
    worth = ended.astype(np.float64) if values is None else not_negative("values", values)
    if worth.shape != ended.shape:
        raise EstimateError(f"There are {worth.size} values of {ended.size} paths. Give each path one.")
    return Paths(edges, codes, ended, np.where(ended, worth, 0.0), count)


def credited(paths: Paths, shares: FloatArray) -> Credit:
    """The credit when each touch gets its share, float64[m], of its path's conversion; shares sum to 1 a path."""
    by_channel = np.bincount(paths.channels, shares * paths.values[paths.path_of], minlength=paths.many)
    return Credit(by_channel.astype(np.float64), unattributed(paths))


def unattributed(paths: Paths) -> float:
    """The value of conversions that no touch led to."""
    return float(paths.values[paths.lengths == 0].sum())
