"""The embedded store: one server a folder, shared, and never outliving those who use it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import time
from pathlib import Path

import psutil
import pytest

from graph.store.driver import open_store
from graph.store.errors import StoreError, StoreUnavailable
from graph.store.settings import StoreSettings
from tests.graph.store.actor import actor, cue, hear

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def state(folder: Path) -> dict[str, int]:
    written: dict[str, int] = json.loads((folder / "server.lock").read_text())
    return written


async def gone(pid: int, seconds: float = 15) -> bool:
    """Whether a process ends within that time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        await asyncio.sleep(0.1)
    return False


@pytest.mark.long
async def test_a_second_process_joins_the_server_and_keeps_it_when_the_first_is_killed(folder: Path) -> None:
    """Two processes, one server; kill -9 of the one that started it leaves the other at work; after both it ends."""
    settings = StoreSettings(f"embedded:{folder}")
    with actor("use", settings) as first:
        assert await asyncio.to_thread(hear, first) == "ready"
        server = state(folder)["server_pid"]
        with actor("use", settings) as second:
            assert await asyncio.to_thread(hear, second) == "ready"
            assert state(folder)["server_pid"] == server
            first.kill()
            first.wait()
            await asyncio.sleep(1)
            cue(second)
            assert await asyncio.to_thread(hear, second) == "0"
    assert await gone(server)


@pytest.mark.long
async def test_what_was_committed_survives_a_kill_in_the_middle_of_a_write(folder: Path) -> None:
    """kill -9 of the server while transactions run: each that was confirmed is there whole, none is there in part."""
    settings = StoreSettings(f"embedded:{folder}")
    with actor("write", settings) as writer:
        confirmed = -1
        while confirmed < 40:
            confirmed = int(await asyncio.to_thread(hear, writer))
        os.kill(state(folder)["server_pid"], signal.SIGKILL)
        while (line := await asyncio.to_thread(hear, writer)).isdigit():
            confirmed = int(line)

    async with open_store(settings) as store:
        rows = await store.read("MATCH (i:Interaction) RETURN i.sequence, count(*)")
    assert {count for _, count in rows} == {100}
    # The last one may have been committed without our hearing of it.
    assert confirmed <= max(int(number) for number, _ in rows) <= confirmed + 1
    assert len(rows) == 1 + max(int(number) for number, _ in rows)


async def test_a_crash_of_the_server_is_said_with_the_end_of_its_log(folder: Path) -> None:
    """When the server dies, the next question fails with a message that tells so, and the folder opens again."""
    settings = StoreSettings(f"embedded:{folder}")
    async with open_store(settings) as store:
        os.kill(state(folder)["server_pid"], signal.SIGKILL)
        started = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"ended|stopped") as said:
            await store.write("CREATE (:Stage {name: 'x'})")
        assert "ArcadeDB Server started" in str(said.value)
        assert time.monotonic() - started < 10
    async with open_store(settings) as store:
        assert await store.read_one("RETURN 1") == [1]


async def test_the_password_is_for_the_owner_alone(folder: Path) -> None:
    """Its file is 0600, and no process shows it on its command line."""
    async with open_store(StoreSettings(f"embedded:{folder}")):
        password = (folder / "password").read_text()
        assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600
        for pid in (state(folder)["pid"], state(folder)["server_pid"]):
            assert password not in " ".join(psutil.Process(pid).cmdline())
        assert not [name for name in os.listdir(folder) if name.startswith(".arguments")]


@pytest.mark.long
async def test_a_port_that_is_taken_is_not_insisted_on(folder: Path) -> None:
    """The port of the last time is used again when it is free, and another one when it is not."""
    settings = StoreSettings(f"embedded:{folder}")
    async with open_store(settings):
        port = state(folder)["port"]
    async with open_store(settings):
        assert state(folder)["port"] == port
    with socket.create_server(("127.0.0.1", port)):
        async with open_store(settings) as store:
            assert state(folder)["port"] != port
            assert await store.read_one("RETURN 1") == [1]


async def test_two_that_open_a_new_folder_at_once_share_one_server(folder: Path) -> None:
    """Both processes start at the same moment on an empty folder, and both get an answer."""
    settings = StoreSettings(f"embedded:{folder}")
    with actor("use", settings) as first, actor("use", settings) as second:
        assert [await asyncio.to_thread(hear, each) for each in (first, second)] == ["ready", "ready"]
        for each in (first, second):
            cue(each)
        assert [await asyncio.to_thread(hear, each) for each in (first, second)] == ["0", "0"]


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The message has the folder and the setting that names another one."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/data cannot be written.*C360_STORE=embedded:PATH"):
        async with open_store(StoreSettings(f"embedded:{tmp_path}/file/data")):
            pass


async def test_a_missing_java_is_named(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without its Java says which package to install again, and what else could be used."""
    damaged = tmp_path / "site" / "arcadedb_embedded"
    damaged.mkdir(parents=True)
    (damaged / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(damaged.parent))
    with pytest.raises(StoreError, match=r"Java is missing.*Install it again, or set C360_STORE"):
        async with open_store(StoreSettings(f"embedded:{folder}")):
            pass
