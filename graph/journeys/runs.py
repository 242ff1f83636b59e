"""Rows that stand together by whose they are: where each owner's begin, and how tables get into that order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def runs_of(column: pa.ChunkedArray[Any]) -> tuple[pa.Array[Any], NDArray[np.int64]]:
    """The values of a column, equal neighbours once, and where each begins, with the number of rows at the end."""
    encoded: Any = pc.call_function("run_end_encode", [column.combine_chunks()])
    return encoded.values, np.concatenate([[0], encoded.run_ends.to_numpy()]).astype(np.int64)


def by_owner(table: pa.Table) -> pa.Table:
    """The rows sorted by whose they are; those of one owner stay together and in their order."""
    if not table.num_rows:
        return table
    owners, bounds = runs_of(table.column(0))
    order = pc.array_sort_indices(owners).to_numpy()
    if (order == np.arange(len(order))).all():
        return table
    lengths = np.diff(bounds)[order]
    ends = np.cumsum(lengths)
    rows = np.repeat(bounds[:-1][order] - (ends - lengths), lengths) + np.arange(table.num_rows)
    return table.take(rows)
