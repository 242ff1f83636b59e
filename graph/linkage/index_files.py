"""A linkage index on disk: a base, written once and memory-mapped, and the changes since, written at each save."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from graph.linkage.blocks import Block
from graph.linkage.candidates import key_entries
from graph.linkage.cluster import Edges
from graph.linkage.coded import coded
from graph.linkage.index import LinkageIndex
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
    for number, key in enumerate(index.model.keys):
        np.save(folder / f"key{number}.hashes.npy", index.blocks[key].hashes)
        np.save(folder / f"key{number}.rows.npy", index.blocks[key].rows)


def _write_changes(index: LinkageIndex, folder: Path) -> None:
    folder.mkdir()
    _write_table(index.added, folder / "added.arrow")
    _write_edges(index.later, folder / "later")
    np.save(folder / "gone.npy", np.flatnonzero(~index.alive))
    np.save(folder / "renewed.npy", np.flatnonzero(index.renewed))


def _read(home: Path, current: _Current) -> LinkageIndex:
    base, changes = home / current.base, home / current.changes
    model = LinkageModel.from_bytes((base / "model").read_bytes())
    records, added = _read_table(base / "records.arrow"), _read_table(changes / "added.arrow")
    rows = records.num_rows + added.num_rows
    alive, renewed = np.ones(rows, bool), np.zeros(rows, bool)
    alive[np.load(changes / "gone.npy")] = False
    renewed[np.load(changes / "renewed.npy")] = True
    blocks = {
        key: Block.of(_mapped(base / f"key{number}.hashes.npy"), _mapped(base / f"key{number}.rows.npy"))
        for number, key in enumerate(model.keys)
    }
    index = LinkageIndex(
        model=model,
        rules=current.rules,
        decisions=current.decisions,
        base=records,
        added=added,
        blocks=blocks,
        edges=_read_edges(base / "edges"),
        later=_read_edges(changes / "later"),
        alive=alive,
        renewed=renewed,
        seq=current.seq,
        saved_as=current.base,
    )
    came, (went, _) = coded(added), index.records(np.flatnonzero(~alive))
    for key, block in blocks.items():
        hashes, at = key_entries(came, key)
        block.add(hashes, (at + records.num_rows).astype(np.int32))
        block.drop(key_entries(went, key)[0])
    return index


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
    return np.load(file, mmap_mode="r")
