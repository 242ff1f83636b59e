"""Attribution by rule: how much of its path's conversion each touch is given.

Every function answers float64[m], one share a touch, which sum to 1 within a path; `paths.credited` makes them the
credit of channels, and so can whoever wants it by campaign, function or customer. The rules are those of practice; none
is true.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graph.estimates.columns import FloatArray, not_negative
from graph.estimates.estimate import EstimateError
from graph.estimates.paths import Paths

HALF_LIFE = 7.0


def first_touch(paths: Paths) -> FloatArray:
    """All to the first touch."""
    return _marked(paths, paths.offsets[:-1])


def last_touch(paths: Paths) -> FloatArray:
    """All to the last touch."""
    return _marked(paths, paths.offsets[1:] - 1)


def linear(paths: Paths) -> FloatArray:
    """The same to each touch."""
    return _of_path(paths, np.ones(paths.channels.size))


def u_shaped(paths: Paths) -> FloatArray:
    """40 % to the first touch, 40 % to the last, 20 % to all between them; half and half where there are only two."""
    roles = 0.4 * first_touch(paths) + 0.4 * last_touch(paths)
    return _with_others(paths, roles, 0.2)


def w_shaped(paths: Paths, leads: npt.ArrayLike, opportunities: npt.ArrayLike) -> FloatArray:
    """30 % each to the first touch, to the lead's and to the opportunity's, 10 % to all others.

    `leads` and `opportunities` int[n] are places of these touches within each path, from 0, −1 where there is none: its
    30 % then go to the others in proportion, as do the 10 % where no other touch is left. A touch with two roles has
    both their shares.

    EstimateError: a place that its path does not have, or columns of another length.
    """
    roles = 0.3 * first_touch(paths)
    for name, column in (("leads", leads), ("opportunities", opportunities)):
        places = np.asarray(column, dtype=np.int64)
        if places.shape != paths.converted.shape or (places < -1).any() or (places >= paths.lengths).any():
            raise EstimateError(
                f"{name} must give each of the {paths.converted.size} paths one of its places from 0, or -1. "
                "Check the column."
            )
        there = places >= 0
        roles[(paths.offsets[:-1] + places)[there]] += 0.3
    return _with_others(paths, roles, 0.1)


def time_decay(paths: Paths, before: npt.ArrayLike, half_life: float = HALF_LIFE) -> FloatArray:
    """In proportion to 2^(−d / half-life), where d float[m] is how long before the conversion a touch was, in days.

    EstimateError: a touch after the conversion (d < 0), a half-life that is not above 0, or a column of another length.
    """
    days = not_negative("before", before)
    if days.shape != paths.channels.shape:
        raise EstimateError(f"There are {days.size} times of {paths.channels.size} touches. Give each touch one.")
    if not half_life > 0:
        raise EstimateError(f"A half-life of {half_life:g} days cannot be. Give one above 0, such as 7.")
    some = paths.lengths > 0
    nearest = np.zeros(paths.converted.size)
    if some.any():
        nearest[some] = np.minimum.reduceat(days, paths.offsets[:-1][some])
    # Counted from the nearest touch, so that a path long ago does not vanish.
    return _of_path(paths, np.exp2(-np.minimum((days - nearest[paths.path_of]) / half_life, 1000.0)))


def _marked(paths: Paths, places: npt.NDArray[np.int64]) -> FloatArray:
    shares = np.zeros(paths.channels.size)
    shares[places[paths.lengths > 0]] = 1.0
    return shares


def _with_others(paths: Paths, roles: FloatArray, rest: float) -> FloatArray:
    others = (roles == 0).astype(np.float64)
    many = np.maximum(paths.totals(others), 1.0)
    return _of_path(paths, roles + others * rest / many[paths.path_of])


def _of_path(paths: Paths, weights: FloatArray) -> FloatArray:
    """Made to sum to 1 within each path."""
    return weights / paths.totals(weights)[paths.path_of]
