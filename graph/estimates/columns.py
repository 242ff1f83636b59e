"""Columns as they come in: one-dimensional, finite and of one length, or a refusal that names the column."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graph.estimates.estimate import EstimateError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def finite(name: str, values: npt.ArrayLike) -> FloatArray:
    """The column as float64[n].

    EstimateError: it has more than one dimension, or holds NaN or infinity.
    """
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1:
        raise EstimateError(f"{name} has {column.ndim} dimensions. Give one column.")
    if not np.isfinite(column).all():
        missing = int(np.count_nonzero(~np.isfinite(column)))
        raise EstimateError(f"{name} has no number in {missing} of {column.size} rows. Leave these rows out.")
    return column


def not_negative(name: str, values: npt.ArrayLike) -> FloatArray:
    """The column as float64[n].

    EstimateError: as of `finite`, or a value is below 0.
    """
    column = finite(name, values)
    if (column < 0).any():
        raise EstimateError(
            f"{name} is below 0 in {int(np.count_nonzero(column < 0))} of {column.size} rows, which cannot be. "
            "Mend or leave out these rows."
        )
    return column


def flags(name: str, values: npt.ArrayLike) -> BoolArray:
    """The column as bool[n], from booleans or from 0 and 1.

    EstimateError: it holds something else.
    """
    column = np.asarray(values)
    if column.dtype == np.bool_ and column.ndim == 1:
        return np.asarray(column, dtype=np.bool_)
    numbers = finite(name, column)
    if not np.isin(numbers, (0.0, 1.0)).all():
        raise EstimateError(f"{name} must say yes or no. Give booleans, or 0 and 1.")
    return np.asarray(numbers == 1.0, dtype=np.bool_)


def same_length(**columns: npt.NDArray[np.generic]) -> int:
    """How many rows all of them have.

    EstimateError: they differ.
    """
    lengths = {name: int(column.shape[0]) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise EstimateError(f"Columns of one table have different lengths: {told}. Give each row a value in each.")
    return next(iter(lengths.values()))
