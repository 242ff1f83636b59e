"""The file of the journeys: Arrow tables that a process maps instead of reading the graph.

A note (`current.json`) names the folder of the tables, and is replaced only when they are on the disk: whoever is
killed before leaves the old note, and a folder that the next writer removes. One process writes at a time.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path

import msgspec
import pyarrow as pa
import uuid_utils

from graph.journeys.layout import TABLES

_NOTE = "current.json"


class Note(msgspec.Struct, frozen=True):
    """What the tables hold: up to which entry of the change log, and when that entry was written (epoch ms)."""

    folder: str
    seq: int
    moment: int
    read_at: int
    sizes: dict[str, int]


def write_tables(home: Path, tables: Mapping[str, pa.Table], seq: int, moment: int, read_at: int) -> bool:
    """Write the tables and then the note; False when another process is writing. Raises OSError, leaving nothing."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds what customers wrote
    with _alone(home) as alone:
        if not alone:
            return False
        kept = home / f"{_version()}-{uuid_utils.uuid7()}"
        _remove_others(home)
        try:
            kept.mkdir(mode=0o700)
            sizes = {name: _write(kept / f"{name}.arrow", table) for name, table in tables.items()}
            _replace(home / _NOTE, msgspec.json.encode(Note(kept.name, seq, moment, read_at, sizes)))
        except BaseException:
            shutil.rmtree(kept, ignore_errors=True)
            raise
        _remove_others(home)
        return True


def map_tables(home: Path) -> tuple[dict[str, pa.Table], Note] | None:
    """The tables that the note names; None where there are none that this version can use."""
    for _ in range(3):
        note = _note(home)
        if note is None or not note.folder.startswith(_version()):
            return None
        try:
            return {name: _mapped(home / note.folder / f"{name}.arrow", note.sizes[name]) for name in TABLES}, note
        except FileNotFoundError:  # another process has just written newer ones
            if note == _note(home):
                return None
        except (OSError, ValueError, KeyError, pa.ArrowException):
            return None
    return None


def _write(path: Path, table: pa.Table) -> int:
    """Write a table for this user alone, and wait until it is on the disk; gives how many bytes it has."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return _on_the_disk(path)


def _replace(path: Path, text: bytes) -> None:
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
    _on_the_disk(new)
    new.replace(path)


def _on_the_disk(path: Path) -> int:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


@contextmanager
def _alone(home: Path) -> Iterator[bool]:
    """Whether no other process writes; the lock goes with the process, however it ends."""
    descriptor = os.open(home / "writing.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)


def _remove_others(home: Path) -> None:
    """Remove what the note does not name: older tables, and what a killed writer left. Who has one mapped keeps it."""
    note = _note(home)
    for other in home.iterdir():
        if other.is_dir() and (note is None or other.name != note.folder):
            shutil.rmtree(other, ignore_errors=True)


def _note(home: Path) -> Note | None:
    try:
        return msgspec.json.decode((home / _NOTE).read_bytes(), type=Note)
    except (OSError, msgspec.MsgspecError):
        return None


def _mapped(path: Path, size: int) -> pa.Table:
    if path.stat().st_size != size:
        raise ValueError("The file was cut.")
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()


@cache
def _version() -> str:
    """Named by the layout's own text and queries: what another version wrote has other columns."""
    digest = blake2b(digest_size=8)
    for folder, names in (("journeys", ("layout.py",)), ("writes", _queries())):
        for name in names:
            digest.update(files("graph").joinpath(folder, name).read_bytes())
    return digest.hexdigest()


def _queries() -> tuple[str, ...]:
    found = files("graph").joinpath("writes").iterdir()
    return tuple(sorted(file.name for file in found if file.name.startswith("journey_")))
