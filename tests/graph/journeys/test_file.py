"""The file of the journeys is used whole or not at all, whatever ended its writing."""

from __future__ import annotations

import fcntl
import os
import resource
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from graph.journeys.file import map_tables, write_tables
from graph.journeys.layout import TABLES, as_table

_WRITING = """
import sys
from pathlib import Path
from graph.journeys.file import write_tables
from tests.graph.journeys.test_file import tables_of
for number in range(1, 100_000):
    write_tables(Path(sys.argv[1]), tables_of(number), number, number, 0)
"""


def tables_of(many: int) -> dict[str, pa.Table]:
    """Tables of so many accounts."""
    rows = [[f"account-{number}", *[None] * (len(TABLES["accounts"].names) - 1)] for number in range(many)]
    return {name: schema.empty_table() for name, schema in TABLES.items()} | {"accounts": as_table("accounts", rows)}


def _folders(home: Path) -> list[Path]:
    return [path for path in home.iterdir() if path.is_dir()]


def test_a_writer_that_is_killed_leaves_a_whole_file(tmp_path: Path) -> None:
    """After kill -9 the tables are those that the note tells, and the next writer removes what is half written."""
    home = tmp_path / "journeys"
    writer = subprocess.Popen([sys.executable, "-c", _WRITING, str(home)], cwd=Path(__file__).parents[3])
    while writer.poll() is None and ((found := map_tables(home)) is None or found[1].seq < 3):
        pass
    writer.kill()
    writer.wait()

    found = map_tables(home)
    assert found is not None
    assert found[0]["accounts"].num_rows == found[1].seq >= 3
    assert write_tables(home, tables_of(3), 3, 3, 0)
    assert len(_folders(home)) == 1


def test_a_full_disk_leaves_what_there_was(tmp_path: Path) -> None:
    """The writing fails, its half is removed, and the older file holds."""
    write_tables(tmp_path, tables_of(2), 1, 1, 0)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_192, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            write_tables(tmp_path, tables_of(5_000), 2, 2, 0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    found = map_tables(tmp_path)
    assert found is not None
    assert (found[0]["accounts"].num_rows, found[1].seq, len(_folders(tmp_path))) == (2, 1, 1)


def test_one_process_writes_at_a_time(tmp_path: Path) -> None:
    """Whoever comes while another writes keeps the tables in memory, and spoils nothing."""
    write_tables(tmp_path, tables_of(2), 1, 1, 0)
    with (tmp_path / "writing.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not write_tables(tmp_path, tables_of(3), 2, 2, 0)

    found = map_tables(tmp_path)
    assert found is not None
    assert found[1].seq == 1


def test_who_has_mapped_a_file_keeps_it_when_a_newer_is_written(tmp_path: Path) -> None:
    """The older tables go from the disk, not from under those who read them."""
    write_tables(tmp_path, tables_of(2), 1, 1, 0)
    older = map_tables(tmp_path)
    write_tables(tmp_path, tables_of(3), 2, 2, 0)

    assert older is not None
    assert older[0]["accounts"].column("id").to_pylist() == ["account-0", "account-1"]
    assert len(_folders(tmp_path)) == 1


@pytest.mark.skipif(os.name == "nt", reason="permissions of Unix")
def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    """It holds what customers wrote."""
    home = tmp_path / "journeys"
    write_tables(home, tables_of(2), 1, 1, 0)

    modes = {path.stat().st_mode & 0o777 for path in (home, *home.rglob("*"))}
    assert modes <= {0o700, 0o600}


def test_a_file_that_was_cut_or_has_no_note_is_not_used(tmp_path: Path) -> None:
    """A table of another size than the note tells is not opened."""
    assert map_tables(tmp_path) is None
    write_tables(tmp_path, tables_of(2), 1, 1, 0)
    (table,) = tmp_path.rglob("accounts.arrow")
    table.write_bytes(table.read_bytes() + b"more")
    assert map_tables(tmp_path) is None
