"""A Neo4j whose disk is full in the middle of a sync: told in words, nothing lost, and all is well with room again."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store, open_store
from graph.store.errors import StoreUnavailable
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from graph.sync.sync import sync
from graph.sync.syncs import newest_sync
from tests.graph.sync.small_company import small_company
from tests.neo4j.server import Neo4jMissing, RunningNeo4j, running_neo4j, why_missing

pytestmark = [pytest.mark.anyio, pytest.mark.long]
DISK_MB = 400
FREE_BYTES = 2_000_000
"""What a sync has at its beginning: less than it writes."""
DROPS_THE_TORN_END = {"internal.dbms.tx_log.fail_on_corrupted_log_files": "false"}
"""docs/operating.md: Neo4j leaves half a transaction at the end of its log, and starts no more until it may drop it."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few hundred megabytes in memory; making one needs root."""
    if why := why_missing():
        pytest.skip(f"no Neo4j: {why}")
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount the small file system of this test")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "c360-tests", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_disk_that_fills_up_under_neo4j_loses_nothing(small_disk: Path, embedded_store: Store) -> None:
    """The sync fails and says what to do; done so, the next one ends with the digest of a sync in peace."""
    home = small_disk / "neo4j"
    with running_neo4j(home, heap="512m", page_cache="64m") as neo4j:
        async with open_store(settings_of(neo4j)) as store:
            await migrate(store)
            ballast = fill(small_disk)
            with pytest.raises(StoreUnavailable) as told:
                await asyncio.wait_for(sync(small_company(), store, Rules()), 120)
            with pytest.raises(StoreUnavailable) as told_again:
                await sync(small_company(), store, Rules())
    ballast.unlink()
    try:
        with running_neo4j(home, heap="512m", page_cache="64m", settings=DROPS_THE_TORN_END) as neo4j:
            async with open_store(settings_of(neo4j)) as store:
                left = await newest_sync(store)
                assert (await sync(small_company(), store, Rules())).ok
                found = await digest(store)
    except Neo4jMissing as missing:
        raise AssertionError(f"with room again it does not start: {missing}") from missing

    for error in (told, told_again):
        assert "Is its disk full? Make room, then restart Neo4j" in str(error.value)
    assert left is None or left.status != "SUCCEEDED"
    await sync(small_company(), embedded_store, Rules())
    assert found.differences(await digest(embedded_store)) == ()


def fill(disk: Path) -> Path:
    """A file that takes all of the room but a little."""
    ballast = disk / "ballast"
    room = shutil.disk_usage(disk).free - FREE_BYTES
    with ballast.open("wb") as file:
        for _ in range(room // 1_000_000):
            file.write(b"\0" * 1_000_000)
    return ballast


def settings_of(neo4j: RunningNeo4j) -> StoreSettings:
    return StoreSettings(neo4j.uri, neo4j.user, SecretStr(neo4j.password))
