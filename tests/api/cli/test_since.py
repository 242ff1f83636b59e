"""`c360 sync --since`: a source that can is read from a moment on, and the next sync goes on after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.store.settings import StoreSettings
from tests.api.cli.calls import PEOPLE, Shell, persons_toml

PLUGIN = """
from pydantic import BaseModel
from c360 import CheckReport, Page, Person, Stream, StreamKind, hookimpl
C360_API = ">=1,<2"
class Diary:
    class Config(BaseModel):
        pass
    def __init__(self, name, config):
        self.name = name
    async def check(self):
        return CheckReport(True, "fine")
    async def discover(self):
        return [Stream("people", StreamKind.PERSONS), Stream("others", StreamKind.PERSONS)]
    def state_at(self, stream, moment):
        return {"day": moment.day}
    async def read(self, stream, state):
        days = range((state or {"day": 1})["day"], 11)
        if days:
            yield Page(list(days), {"day": 11})
    def map(self, stream, raw):
        return [Person(source=self.name, stream=stream.name, id=str(raw), full_name=f"Ada {raw}")]
    async def close(self):
        pass
@hookimpl
def c360_register_connectors(registry):
    registry.add("diary", Diary)
"""


@pytest.fixture
def shell(tmp_path: Path, embedded_settings: StoreSettings) -> Shell:
    shell = Shell(tmp_path, embedded_settings)
    shell.write("diary.py", PLUGIN)
    shell.write("people.csv", PEOPLE)
    section = '[diary]\nconnector = "diary"\npath = "diary.py"\nstreams = ["people"]\n'
    shell.write("plugins.toml", section + persons_toml())
    return shell


def records(shell: Shell, *arguments: str) -> int:
    call = shell("sync", "diary", "--json", *arguments)
    assert call.code == 0, call.err
    return int(call.json["landed"][0]["records"])


def test_a_source_is_read_from_a_day_on(shell: Shell) -> None:
    """First or again; afterwards the source's own state holds."""
    assert records(shell, "--since", "2026-03-08") == 3
    assert records(shell) == 0
    assert records(shell, "--since", "2026-03-03T10:00:00Z") == 8
    assert records(shell, "--full") == 10


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["crm", "--since", "2026-03-01"], "[crm]: the connector 'files' cannot begin at a moment"),
        (["diary", "--since", "yesterday"], "'yesterday' is no day or moment"),
        (["diary", "--since", "2199-01-01"], "no day or moment that has been"),
        (["diary", "--since", "2026-03-01", "--full"], "say one of them"),
    ],
)
def test_what_cannot_begin_there_is_told_before_anything_is_read(shell: Shell, arguments: list[str], said: str) -> None:
    """Exit code 2, with what to do."""
    call = shell("sync", *arguments)
    assert call.code == 2
    assert said in call.err
