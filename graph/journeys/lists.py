"""Columns whose every row holds a list of texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.journeys.part import Coded


def listed(column: pa.ChunkedArray[Any]) -> tuple[NDArray[np.int64], Coded]:
    """The texts of all lists, one after the other, and by text the row whose list it is in."""
    lists: Any = column.combine_chunks()
    rows = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False).astype(np.int64)
    encoded = pc.list_flatten(lists).dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return rows, Coded(codes, tuple(str(value) for value in encoded.dictionary.to_pylist()))
