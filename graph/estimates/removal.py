"""Attribution by removal: how many conversions a chain of touches would lose without a channel (Markov, order 1).

Anderl, Becker, von Wangenheim and Schumann, Mapping the customer journey, Int. J. of Research in Marketing 33 (2016).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.estimates.columns import FloatArray
from graph.estimates.estimate import EstimateError
from graph.estimates.paths import Credit, Paths, unattributed

MOST_CHANNELS = 2_000


@dataclass(frozen=True, slots=True)
class Removal:
    """effects float64[many]: the share of conversions that the chain loses without each channel, 0 to 1.

    `conversion` is the probability of the whole chain, which is the share of paths that converted.
    """

    effects: FloatArray
    conversion: float
    credit: Credit


def removal(paths: Paths) -> Removal:
    """Removal effects, and the credit in their proportion, of a chain over start, channels, conversion and null.

    Each path goes from the start through its touches to conversion or, if it has none, to null; a removed channel leads
    to null. Instead of a chain less for each channel one inverse is taken, N of the touches' transitions: the
    conversions that pass a channel are P(it is reached) · P(conversion from it), and P(reached) = visits / N of it to
    itself. Paths without a touch say nothing and are left out.

    EstimateError: no path with a touch converted, or too many channels.
    """
    if paths.many > MOST_CHANNELS:
        raise EstimateError(
            f"{paths.many} channels are more than {MOST_CHANNELS}. Put them together, as by campaign's kind."
        )
    begins, moves, converts = _transitions(paths)
    if converts.sum() == 0:
        raise EstimateError("No path with a touch converted, so there is no credit to give. Take a longer period.")
    left = moves.sum(axis=1) + converts + _lost(paths)
    share = np.where(left > 0, left, 1.0)
    onward, conversion = moves / share[:, None], converts / share
    visits = np.asarray(np.linalg.inv(np.eye(paths.many) - onward), dtype=np.float64)
    start = begins / begins.sum()
    reached = (start @ visits) / np.diag(visits)
    from_here = visits @ conversion
    whole = float(start @ from_here)
    effects = np.clip(reached * from_here / whole, 0.0, 1.0)
    touched = float(paths.values.sum()) - unattributed(paths)
    return Removal(effects, whole, Credit(effects / effects.sum() * touched, unattributed(paths)))


def _transitions(paths: Paths) -> tuple[FloatArray, FloatArray, FloatArray]:
    """How often paths begin with each channel [many], go from one to another [many, many], convert after one [many]."""
    some = paths.lengths > 0
    codes, many = paths.channels.astype(np.int64), paths.many
    first, last = paths.offsets[:-1][some], paths.offsets[1:][some] - 1
    goes_on = np.ones(codes.size, dtype=np.bool_)
    goes_on[last] = False
    here = np.flatnonzero(goes_on)
    moves = np.bincount(codes[here] * many + codes[here + 1], minlength=many * many).reshape(many, many)
    converts = np.bincount(codes[last], paths.converted[some], minlength=many).astype(np.float64)
    return np.bincount(codes[first], minlength=many).astype(np.float64), moves.astype(np.float64), converts


def _lost(paths: Paths) -> FloatArray:
    """How many paths end with each channel and do not convert."""
    some = paths.lengths > 0
    last = paths.channels[paths.offsets[1:][some] - 1]
    return np.bincount(last, ~paths.converted[some], minlength=paths.many).astype(np.float64)
