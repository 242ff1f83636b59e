"""A backup's file: a line that says what it is, then frames, compressed, each a length and its MessagePack.

The first frame says what was backed up, the last how much it was, with a hash of everything before it: a file that was
cut or changed is known before anything of it is used.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from graph.store.errors import StoreError
from graph.store.transfer import Nodes, Relationships

FORMAT = 1
_FIRST_LINE = b"c360 backup\n"
_LENGTH = 4


class Header(msgspec.Struct, tag="header", kw_only=True):
    """Where a backup is from: `schema` of its graph, `digest` of all that it said, `meta` that comes along."""

    format: int
    made_by: str
    made_at: int
    schema: int
    digest: str
    sections: dict[str, str]
    meta: dict[str, Any]
    method: str = ""
    """How the digest was made; where this c360 makes it otherwise it cannot be compared."""


class Footer(msgspec.Struct, tag="footer"):
    """How many items of each label and type there are, and the hash of all bytes before this frame."""

    counts: dict[str, int]
    hash: str


Frame = Header | Nodes | Relationships | Footer
_DECODER = msgspec.msgpack.Decoder(Frame)


class BackupWriter:
    """Writes frames one after the other; `close` writes the last."""

    def __init__(self, sink: pa.NativeFile) -> None:
        self._sink = sink
        self._hash = hashlib.blake2b(digest_size=32)
        self.counts: dict[str, int] = {}
        self.size = 0
        """Bytes of the file, once it is whole."""

    def write(self, frame: Header | Nodes | Relationships) -> None:
        if not isinstance(frame, Header):
            name = name_of(frame)
            self.counts[name] = self.counts.get(name, 0) + len(frame.rows)
        data = msgspec.msgpack.encode(frame, enc_hook=_refuse)
        framed = len(data).to_bytes(_LENGTH, "big") + data
        self._hash.update(framed)
        self._sink.write(framed)

    def close(self) -> None:
        data = msgspec.msgpack.encode(Footer(self.counts, self._hash.hexdigest()))
        self._sink.write(len(data).to_bytes(_LENGTH, "big") + data)


@contextmanager
def new_backup(path: Path) -> Iterator[BackupWriter]:
    """A file that its user alone may read, and that has its name only once it is whole and on the disk."""
    if path.exists():
        raise StoreError(f"{path} is there already, and a backup is never overwritten. Name another file.")
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)  # of a backup that was killed
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(_FIRST_LINE)
            with pa.CompressedOutputStream(pa.PythonFile(file, mode="w"), "zstd") as sink:
                writer = BackupWriter(sink)
                yield writer
                writer.close()
                sink.flush()
                file.flush()
                os.fsync(file.fileno())
                writer.size = os.fstat(file.fileno()).st_size
        part.rename(path)
        _sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def read_backup(path: Path) -> Iterator[Frame]:
    """The frames of a backup in order; raises StoreError where it is none, or is not whole.

    Whether it is whole is known with the last frame only: read it once for that before anything is written.
    """
    hashed = hashlib.blake2b(digest_size=32)
    counts: dict[str, int] = {}
    with path.open("rb") as file:
        if file.read(len(_FIRST_LINE)) != _FIRST_LINE:
            raise StoreError(f"{path} is no backup of c360.")
        with pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd") as source:
            while True:
                framed = _next(source, path)
                frame = _frame(framed, path)
                yield frame
                if isinstance(frame, Footer):
                    break
                hashed.update(framed)
                if not isinstance(frame, Header):
                    counts[name_of(frame)] = counts.get(name_of(frame), 0) + len(frame.rows)
            if frame.hash != hashed.hexdigest() or frame.counts != counts:
                raise _broken(path)


def name_of(batch: Nodes | Relationships) -> str:
    """How a batch is called in counts: its labels, or its type in brackets."""
    return ":".join(batch.labels) if isinstance(batch, Nodes) else f"[{batch.kind}]"


def number_of(label: str, counts: Mapping[str, int]) -> int:
    """Nodes that have the label, by the counts of a backup."""
    return sum(number for name, number in counts.items() if label in name.split(":"))


def _next(source: pa.NativeFile, path: Path) -> bytes:
    try:
        length = source.read(_LENGTH)
        data = source.read(int.from_bytes(length, "big"))
    except OSError as error:
        raise _broken(path) from error
    if len(length) < _LENGTH or len(data) < int.from_bytes(length, "big"):
        raise _broken(path)
    return bytes(length + data)


def _frame(framed: bytes, path: Path) -> Frame:
    try:
        frame: Frame = _DECODER.decode(framed[_LENGTH:])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _broken(path) from error
    if isinstance(frame, Header) and frame.format > FORMAT:
        raise StoreError(f"{path} was written by a newer c360 ({frame.made_by}). Install that one to restore it.")
    return frame


def _broken(path: Path) -> StoreError:
    return StoreError(f"{path} is not whole: it was cut or changed since it was written. Take another backup.")


def _refuse(value: Any) -> Any:
    raise StoreError(f"A property is of the type {type(value).__name__}, which a backup does not know.")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
