"""Attribution by Shapley values: what each channel adds, on average over every order in which channels could join.

What a coalition of channels is worth is told by the paths whose channels are all in it. Order and number of touches do
not count. Two kinds of worth are known, and both are given; their caveat is the same.
"""

from __future__ import annotations

from math import factorial

import numpy as np

from graph.estimates.columns import FloatArray, IntArray
from graph.estimates.estimate import EstimateError
from graph.estimates.paths import Credit, Paths, unattributed

MOST_CHANNELS = 15


def shapley(paths: Paths) -> Credit:
    """A coalition is worth the conversions of paths within it: Zhao, Mahboobi and Bagheri 2018 (arXiv:1804.05327).

    The value of such a game has a closed form (their formula 7): each conversion in equal parts to the distinct
    channels of its path, in any number of channels. Paths that did not convert do not count; see `shapley_of_rates`.
    """
    # Sorted by hand: np.unique takes thirty times as long.
    touches = np.sort(paths.path_of * max(paths.many, 1) + paths.channels)
    touches = touches[np.diff(touches, prepend=-1) > 0]
    path, channel = touches // max(paths.many, 1), touches % max(paths.many, 1)
    distinct = np.bincount(path, minlength=paths.converted.size)
    by_channel = np.bincount(channel, paths.values[path] / distinct[path], minlength=paths.many)
    return Credit(by_channel.astype(np.float64), unattributed(paths))


def shapley_of_rates(paths: Paths) -> Credit:
    """A coalition is worth the share of paths within it that converted: who did not convert counts, too.

    Exact over all 2^channels coalitions, after Dalessandro, Perlich, Stitelman and Provost 2012; a coalition without
    paths is worth 0. Values are made to sum to the conversions with a touch. A channel whose presence goes with a lower
    rate has negative credit.

    EstimateError: more than 15 channels, or no path with a touch converted.
    """
    if paths.many > MOST_CHANNELS:
        raise EstimateError(
            f"{paths.many} channels have 2^{paths.many} coalitions, more than can be weighed exactly. "
            f"Put channels together until {MOST_CHANNELS} are left, or use shapley() or removal()."
        )
    sets = _sets(paths)
    some = sets > 0
    all_of, converted = (
        _within(np.bincount(sets[some], weights, minlength=1 << paths.many).astype(np.float64), paths.many)
        for weights in (np.ones(int(some.sum())), paths.converted[some].astype(np.float64))
    )
    if converted[-1] == 0:
        raise EstimateError("No path with a touch converted, so there is no credit to give. Take a longer period.")
    worth = np.where(all_of > 0, converted / np.maximum(all_of, 1.0), 0.0)
    values = shapley_values(worth, paths.many)
    touched = float(paths.values.sum()) - unattributed(paths)
    return Credit(values / worth[-1] * touched, unattributed(paths))


def shapley_values(worth: FloatArray, players: int) -> FloatArray:
    """float64[players] from the worth float64[2^players] of each coalition, bit i of its place being player i.

    Σ over coalitions S without i of |S|! (p − |S| − 1)! / p! · (v(S and i) − v(S)), Shapley 1953. The last axis of
    `worth` is that of coalitions; others are kept, before the players'.
    """
    coalitions = np.arange(1 << players)
    sizes = np.zeros(coalitions.size, dtype=np.int64)
    for player in range(players):
        sizes += (coalitions >> player) & 1
    weights = np.array(
        [factorial(size) * factorial(players - size - 1) / factorial(players) for size in range(players)]
    )
    values = np.empty((*worth.shape[:-1], players))
    for player in range(players):
        without = coalitions[(coalitions >> player) & 1 == 0]
        values[..., player] = (worth[..., without | (1 << player)] - worth[..., without]) @ weights[sizes[without]]
    return values


def _sets(paths: Paths) -> IntArray:
    """int64[n]: the channels of each path, as bits."""
    sets = np.zeros(paths.converted.size, dtype=np.int64)
    some = paths.lengths > 0
    if some.any():
        sets[some] = np.bitwise_or.reduceat(np.int64(1) << paths.channels.astype(np.int64), paths.offsets[:-1][some])
    return sets


def _within(exactly: FloatArray, players: int) -> FloatArray:
    """The sum over all subsets of each coalition, itself included."""
    sums = exactly.copy()
    for player in range(players):
        pairs = sums.reshape(-1, 2, 1 << player)
        pairs[:, 1] += pairs[:, 0]
    return sums
