"""The look-alike sets by name, written into a file as labelled records."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.linking.alike.historical import historical
from benchmarks.linking.alike.households import households
from benchmarks.linking.alike.short_names import short_names
from benchmarks.linking.sets import LOOK_ALIKES

_MAKERS: Mapping[str, Callable[[int, int], Iterator[dict[str, str | None]]]] = {
    "households": households,
    "historical": historical,
    "short_names": short_names,
}


def look_alike(name: str, seed: int, records: int | None = None) -> pa.Table:
    """The set of that name and seed, of so many records (None: as `LOOK_ALIKES` says), in no telling order."""
    made = list(_MAKERS[name](seed, records or LOOK_ALIKES[name]))[: records or LOOK_ALIKES[name]]
    random.Random(seed).shuffle(made)
    return pa.Table.from_pylist(made, pa.schema([(column, pa.string()) for column in made[0]]))


def write_look_alike(name: str, seed: int, file: Path) -> Path:
    """Make the set and write it into a Parquet file."""
    pq.write_table(look_alike(name, seed), file)
    return file
