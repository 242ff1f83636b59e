"""A linkage index on disk: a base, written once and memory-mapped, and the changes since, written at each save."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.linkage.blocks import Block
from graph.linkage.candidates import key_entries
from graph.linkage.cluster import Edges
from graph.linkage.coded import Rows, coded
from graph.linkage.index import LinkageIndex, words_of
from graph.linkage.model import LinkageModel
from graph.linkage.rules import Decisions, LinkageError, MatchingRules

_CURRENT = "current.json"


class _Current(msgspec.Struct, frozen=True):
    base: str
    changes: str
    model: str
    seq: int
    rules: MatchingRules
    decisions: Decisions


def save_index(index: LinkageIndex, folder: str | os.PathLike[str]) -> None:
    """Save the index; a kill at any moment leaves the last save readable.

    The base is written once for each build; later saves write the changes alone.
    """
    home = Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    held = _read_current(home)
    base = index.saved_as
    if held is None or base != held.base or not (home / held.base).is_dir():
        base = f"base-{uuid.uuid4().hex}"
        _write_base(index, home / base)
    changes = f"changes-{uuid.uuid4().hex}"
    _write_changes(index, home / changes)
    current = _Current(base, changes, index.model.version, index.seq, index.rules, index.decisions)
    waiting = home / f"{_CURRENT}.{uuid.uuid4().hex}"
    waiting.write_bytes(msgspec.json.encode(current))
    waiting.replace(home / _CURRENT)
    index.saved_as = base
    for other in home.iterdir():
        if other.is_dir() and other.name not in (base, changes):
            shutil.rmtree(other)


def load_index(folder: str | os.PathLike[str], model_version: str | None = None) -> LinkageIndex | None:
    """The saved index, its base memory-mapped; None when there is none, or when it belongs to another model.

    Raises LinkageError when files are missing or broken: delete the folder, the next run builds it again.
    """
    home = Path(folder)
    current = _read_current(home)
    if current is None or (model_version is not None and current.model != model_version):
        return None
    try:
        return _read(home, current)
    except (OSError, ValueError, pa.ArrowInvalid, KeyError) as error:
        raise LinkageError(
            f"The linkage index in {home} is broken ({error}). Delete the folder; it is built again."
        ) from error


def _write_base(index: LinkageIndex, folder: Path) -> None:
    folder.mkdir()
    (folder / "model").write_bytes(index.model.to_bytes())
    _write_table(index.base, folder / "records.arrow")
    _write_edges(index.edges, folder / "edges")
    np.save(folder / "absent.npy", index.absent_at_first)
    for number, block in enumerate((*(index.blocks[key] for key in index.model.keys), index.crowds)):
        np.save(folder / f"key{number}.hashes.npy", block.hashes)
        np.save(folder / f"key{number}.rows.npy", block.rows)


def _write_changes(index: LinkageIndex, folder: Path) -> None:
    folder.mkdir()
    _write_table(index.added, folder / "added.arrow")
    _write_edges(index.later, folder / "later")
    np.save(folder / "gone.npy", np.flatnonzero(~index.alive))
    np.save(folder / "renewed.npy", np.flatnonzero(index.renewed))
    np.save(folder / "absent.npy", np.flatnonzero(index.absent))


def _read(home: Path, current: _Current) -> LinkageIndex:
    base, changes = home / current.base, home / current.changes
    model = LinkageModel.from_bytes((base / "model").read_bytes())
    records, added = _read_table(base / "records.arrow"), _read_table(changes / "added.arrow")
    rows = records.num_rows + added.num_rows
    gone, renewed, absent = (_marked(rows, np.load(changes / f"{name}.npy")) for name in ("gone", "renewed", "absent"))
    *blocks, crowds = (
        Block.of(_mapped(base / f"key{number}.hashes.npy"), _mapped(base / f"key{number}.rows.npy"))
        for number in range(len(model.keys) + 1)
    )
    index = LinkageIndex(
        model=model,
        rules=current.rules,
        decisions=current.decisions,
        base=records,
        added=added,
        blocks=dict(zip(model.keys, blocks, strict=True)),
        crowds=crowds,
        absent=absent,
        absent_at_first=np.load(base / "absent.npy"),
        edges=_read_edges(base / "edges"),
        later=_read_edges(changes / "later"),
        alive=~gone,
        renewed=renewed,
        seq=current.seq,
        saved_as=current.base,
    )
    _enter_changes(index)
    return index


def _enter_changes(index: LinkageIndex) -> None:
    """Bring the blocks of the base to the records that live, and are present, now."""
    first, rows = index.base.num_rows, index.alive.size
    held = np.arange(rows) < first
    held[index.absent_at_first] = False
    present = index.alive & ~index.absent
    (came, at), (went, _) = (index.records(np.flatnonzero(some)) for some in (present & ~held, held & ~present))
    for key, block in index.blocks.items():
        hashes, entered = key_entries(came, key)
        block.add(hashes, at[entered].astype(np.int32))
        block.drop(key_entries(went, key)[0])
    added = coded(index.added)
    words, entered = words_of(added)
    index.crowds.add(words, (entered + first).astype(np.int32))
    index.crowds.drop(index.records(np.flatnonzero(~index.alive))[0].words)


def _marked(rows: int, some: Rows) -> npt.NDArray[np.bool_]:
    marked = np.zeros(rows, bool)
    marked[some] = True
    return marked


def _read_current(home: Path) -> _Current | None:
    try:
        return msgspec.json.decode((home / _CURRENT).read_bytes(), type=_Current)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise LinkageError(f"{home / _CURRENT} is broken ({error}). Delete the folder; it is built again.") from error


def _write_table(table: pa.Table, file: Path) -> None:
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())


def _read_table(file: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(file))).read_all()


def _write_edges(edges: Edges, folder: Path) -> None:
    folder.mkdir()
    for name in ("left", "right", "bits"):
        np.save(folder / f"{name}.npy", getattr(edges, name))


def _read_edges(folder: Path) -> Edges:
    return Edges(*(_mapped(folder / f"{name}.npy") for name in ("left", "right", "bits")))


def _mapped(file: Path) -> Any:
    # Mapped all the same; numpy's own class for it makes every look-up dearer.
    return np.asarray(np.load(file, mmap_mode="r"))
