"""Hooks that end the process (`os._exit`, a kill): nothing contains them, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from graph.store.driver import open_store
from graph.store.settings import StoreSettings
from tests.api.cli.calls import Shell

PLUGIN = """
import os, signal, time
from pathlib import Path
from pydantic import BaseModel
from c360 import CheckReport, Page, Person, Stream, StreamKind, hookimpl
C360_API = ">=1,<2"
DEED = Path(__file__).with_name("deed")
READ = Path(__file__).with_name("read")
class Diary:
    class Config(BaseModel):
        pass
    def __init__(self, name, config):
        self.name = name
    async def check(self):
        return CheckReport(True, "fine")
    async def discover(self):
        return [Stream("people", StreamKind.PERSONS)]
    async def read(self, stream, state):
        for page in range((state or {"next": 0})["next"], 5):
            with READ.open("a") as read:
                print(page, file=read)
            yield Page([page * 4 + number for number in range(4)], {"next": page + 1})
    def map(self, stream, raw):
        return [Person(source=self.name, stream=stream.name, id=str(raw), full_name=f"Ada {raw}")]
    async def close(self):
        pass
def here(place):
    if DEED.exists() and DEED.read_text().split(":")[0] == place:
        exec(DEED.read_text().partition(":")[2])
@hookimpl
def c360_register_connectors(registry):
    registry.add("diary", Diary)
@hookimpl
def c360_map_page(pairs):
    if pairs[0][0] == 8:
        here("map_page")
@hookimpl
def c360_redact(record):
    if record.id == "9":
        here("redact")
@hookimpl
def c360_before_sync(source):
    here("before_sync")
@hookimpl
def c360_after_sync(report):
    here("after_sync")
"""


@pytest.mark.parametrize(
    ("deed", "code", "pages"),
    [
        ("map_page:os._exit(7)", 7, [0, 1, 2, 2, 3, 4]),
        ("redact:os.kill(os.getpid(), signal.SIGKILL)", -9, [0, 1, 2, 2, 3, 4]),
        ("before_sync:os._exit(7)", 7, [0, 1, 2, 3, 4]),
        ("after_sync:os.kill(os.getpid(), signal.SIGKILL)", -9, [0, 1, 2, 3, 4]),
    ],
)
def test_the_next_sync_goes_on_behind_the_last_page(
    tmp_path: Path, embedded_settings: StoreSettings, deed: str, code: int, pages: list[int]
) -> None:
    """The page that was not stored is read again, and no other; each person is one customer."""
    shell = Shell(tmp_path, embedded_settings)
    shell.write("diary.py", PLUGIN)
    shell.write("plugins.toml", '[diary]\nconnector = "diary"\npath = "diary.py"\n')
    (tmp_path / "deed").write_text(deed)
    killed = subprocess.run(
        [str(Path(sys.executable).with_name("c360")), "--config", str(tmp_path), "sync"],
        env={**os.environ, "C360_STORE": embedded_settings.uri}, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert killed.returncode == code, killed.stderr
    (tmp_path / "deed").unlink()

    finished = shell("sync", "--json")

    assert finished.code == 0, finished.err
    assert [int(page) for page in (tmp_path / "read").read_text().split()] == pages
    assert asyncio.run(_counted(embedded_settings)) == [[20, 20, 20]]


async def _counted(settings: StoreSettings) -> list[list[int]]:
    """Records that describe somebody, and customers."""
    async with open_store(settings) as store:
        return await store.read(
            "MATCH (r:SourceRecord)-[:DESCRIBES]->(c:Customer) RETURN count(*), count(DISTINCT r), count(DISTINCT c)"
        )
