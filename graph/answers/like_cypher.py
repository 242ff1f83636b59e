"""Numbers, groups and orders as Cypher makes them, so that columns and graph give the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import sqrt
from typing import Any

import numpy as np
import pyarrow as pa
from neo4j.time import DateTime
from numpy.typing import NDArray

from graph.store.instants import from_epoch_millis

DAY_MS = 86_400_000
Values = Mapping[str, Any]
Rows = list[list[Any]]
Ints = NDArray[np.int64]


def milliseconds(moment: datetime) -> int:
    """A moment as epoch milliseconds."""
    return round(moment.timestamp() * 1000)


def instant(millis: int) -> DateTime:
    """Epoch milliseconds as the store's datetime."""
    return DateTime.from_native(from_epoch_millis(millis))


def percentile(values: NDArray[np.float64], share: float) -> float:
    """percentileCont, rounded to a tenth as the questions do."""
    ordered = np.sort(values)
    place = share * (len(ordered) - 1)
    low, high = int(np.floor(place)), int(np.ceil(place))
    exact = ordered[low] if low == high else ordered[low] * (high - place) + ordered[high] * (place - low)
    return rounded(float(exact) * 10) / 10


def rounded(value: float) -> float:
    """round: to the nearest, halves up."""
    return float(np.floor(value + 0.5))


def wilson(hits: int, n: int) -> list[float]:
    """The share of hits and its 95 % interval, term by term as the questions have it."""
    share = 1.0 * hits / n
    spread = 1.96 * sqrt(share * (1 - share) / n + 0.9604 / (n * n))
    ends = ((share + 1.9208 / n + side * spread) / (1 + 3.8416 / n) for side in (-1, 1))
    return [rounded(1000 * share) / 1000, *(rounded(1000 * end) / 1000 for end in ends)]


def grouped(keys: Ints) -> tuple[Ints, Ints]:
    """By row the number of its group, those of one key being one, and by group its first row."""
    found: Any = pa.array(keys).dictionary_encode()  # hashing, where numpy would sort
    group = found.indices.to_numpy().astype(np.int64)
    first = np.zeros(len(found.dictionary), np.int64)
    first[group[::-1]] = np.arange(len(group))[::-1]  # of several the one that is written last stays
    return group, first


def nulls_last(*values: Any) -> tuple[Any, ...]:
    """What ORDER BY sorts ascending by: a null comes after everything."""
    return tuple((value is None, value if value is not None else "") for value in values)
