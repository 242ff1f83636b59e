"""A tap that somebody else wrote, in an environment of its own, is read like ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from connectors.configured import make_connectors
from connectors.plugins import load_plugins
from connectors.records import Person
from connectors.settings import read_settings

pytestmark = [pytest.mark.anyio, pytest.mark.long]
ROOT = Path(__file__).parents[2]
TAP = "tap-jsonl==0.3.1"


@pytest.fixture(scope="module")
def tap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tap, installed from the package index; it is no dependency of ours."""
    home = tmp_path_factory.mktemp("tap")
    uv = shutil.which("uv") or str(ROOT / ".cache" / "uv" / "bin" / "uv")
    subprocess.run([uv, "venv", "--quiet", str(home)], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", str(home / "bin" / "python"), TAP], check=True)
    return home / "bin" / "tap-jsonl"


async def test_a_real_tap_is_discovered_read_and_goes_on(tap: Path, tmp_path: Path) -> None:
    """tap-jsonl, of the Meltano SDK: its catalog, its records, and its bookmark, which it takes back and moves."""
    _lines(tmp_path / "1.jsonl", ["Ada", "Bo"], written=1_700_000_000)
    (tmp_path / "plugins.toml").write_text(
        f'[club]\nconnector = "singer"\ncommand = "{tap}"\n'
        f'config = {{ path = "{tmp_path}/*.jsonl", stream_name = "people", primary_keys = ["name"] }}\n'
        '[[club.records]]\nstream = "people"\nkind = "persons"\nmapping = { full_name = "name" }\n'
    )
    (connector,) = make_connectors(read_settings(tmp_path / "plugins.toml"), load_plugins(off=""))

    async def read(state: dict[str, Any] | None) -> tuple[list[Any], dict[str, Any] | None]:
        (stream,) = await connector.discover()
        found: list[Any] = []
        async for page in connector.read(stream, state):
            assert list(page.problems) == []
            found += [record for raw in page.raws for record in connector.map(stream, raw)]
            state = page.state
        return found, state

    assert (await connector.check()).ok
    first, state = await read(None)
    _lines(tmp_path / "2.jsonl", ["Cleo"], written=1_800_000_000)
    later, after = await read(state)

    assert all(isinstance(one, Person) for one in first)
    assert {(one.id, one.full_name) for one in first} == {("Ada", "Ada"), ("Bo", "Bo")}
    assert "Cleo" in [one.full_name for one in later]
    assert "2023-11-14" in json.dumps(state)
    assert "2027-01-15" in json.dumps(after)


def _lines(path: Path, names: list[str], written: int) -> None:
    path.write_text("".join(json.dumps({"name": name}) + "\n" for name in names))
    os.utime(path, (written, written))
