"""A backup holds every fact, and its restore gives the graph again; what is broken is refused before it is used."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from graph.backup import restore as restoring
from graph.backup.backup import Backup, backup
from graph.backup.file import Header, read_backup
from graph.backup.restore import restore
from graph.linkage import model
from graph.rules import Rules
from graph.store import transfer
from graph.store.digest import digest
from graph.store.driver import Store, Transaction, open_store
from graph.store.errors import RestoreUnfinished, SchemaTooNew, StoreError
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from graph.sync import models
from graph.sync.asking import Ask
from graph.sync.decisions import merge_customers
from graph.sync.sync import sync
from tests.graph.sync.small_company import small_company

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 29, tzinfo=UTC)
RULES = Rules()
_DECIDED = """
MATCH (i:Interaction) WITH i ORDER BY i.id LIMIT 1
MATCH (r:SourceRecord {key: 'crm/contacts/1'})
CREATE (l:Alert {id: '0f3a', rule: 'A detractor', condition: 'detractor', status: 'OPEN', owner: 'Eve', evidence: '{}',
                 raised_at: datetime({epochMillis: 1800000000123})}),
       (o:AlertEvent {id: 'e1', deed: 'ACKNOWLEDGED', by: 'Eve'}), (l)-[:RAISED_BY]->(i), (l)-[:CONCERNS]->(r),
       (o)-[:HAPPENED_TO]->(l), (:Baseline {id: 'b1', name: 'Before', by: 'Eve'}),
       (:Rejection {id: 'x1', reason: 'no id', body: 'ü'}), (:ApiKey {id: 'k1', role: 'reader', hash: 'h'})
"""
_IDS = "MATCH (c:Customer) RETURN c.id ORDER BY c.id"
_FORMER = "MATCH (f:FormerId)-[:NOW]->(c:Customer) RETURN f.id, c.id"
_FACTS = "MATCH (n) WHERE n:Rejection OR n:ApiKey OR n:Cursor OR n:Source RETURN labels(n), n{.*}"


async def test_a_restored_graph_is_the_one_that_was_backed_up(store: Store, tmp_path: Path) -> None:
    """Same digest, ids, former ids, cursors, keys and rejections; a sync of unchanged sources then changes nothing."""
    await _company(store)
    made = await _backed_up(store, tmp_path)
    before = [await store.read(query) for query in (_IDS, _FORMER)]
    facts = await _facts(store)
    assert before[1], "a merge leaves a former id"
    await _empty(store)

    restored = await restore(store, Path(made.path), RULES)

    assert restored.digest.value == made.digest == (await digest(store)).value
    assert restored.differs == ()
    assert [await store.read(query) for query in (_IDS, _FORMER)] == before
    assert await _facts(store) == facts
    await sync(small_company(40, 160), store, RULES)
    assert (await digest(store)).value == made.digest


@pytest.mark.long
async def test_a_restore_that_was_killed_goes_on_and_nobody_uses_half_a_graph(
    embedded_store: Store, tmp_path: Path
) -> None:
    """Killed −9 between two frames, before the rebuild, and after it: refused to others, finished by its file."""
    await _company(embedded_store)
    made = await _backed_up(embedded_store, tmp_path)
    half = StoreSettings(f"embedded:{tmp_path / 'half'}")

    for deed in ("after three frames", "at the rebuild", "after the rebuild"):
        await _killed(half, made.path, deed)
        async with open_store(half) as store:
            with pytest.raises(RestoreUnfinished, match="same file"):
                await migrate(store)

    other = await backup(embedded_store, tmp_path / "other.c360", NOW + timedelta(days=1))
    async with open_store(half) as store:
        with pytest.raises(StoreError, match="Another backup is half restored"):
            await restore(store, Path(other.path), RULES)
        restored = await restore(store, Path(made.path), RULES)
        assert restored.digest.value == made.digest
        await migrate(store)


async def test_only_its_user_reads_a_backup_and_nothing_overwrites_it(embedded_store: Store, tmp_path: Path) -> None:
    """Mode 0600; a second backup of that name is refused; one that fails leaves nothing behind."""
    made = await _backed_up(embedded_store, tmp_path)
    assert stat.S_IMODE(os.stat(made.path).st_mode) == 0o600
    with pytest.raises(StoreError, match="never overwritten"):
        await backup(embedded_store, Path(made.path), NOW)

    await embedded_store.write("CREATE (:Rejection {id: 'x', reason: 'r', day: date('2026-01-01')})")
    with pytest.raises(StoreError, match="type Date"):
        await backup(embedded_store, tmp_path / "second.c360", NOW)
    assert os.listdir(tmp_path) == [Path(made.path).name]


async def test_a_newer_linkage_restores_what_an_older_one_backed_up(
    embedded_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its model cannot be read and is learned anew: told as made otherwise, and no fact is lost."""
    await sync(small_company(40, 160), embedded_store, RULES)
    made = await _backed_up(embedded_store, tmp_path)
    facts = await _facts(embedded_store)
    await _empty(embedded_store)
    newer = model.FORMAT + 1
    monkeypatch.setattr(model, "FORMAT", newer)
    for module in (model, models):
        monkeypatch.setattr(module, "READABLE", (newer,))

    restored = await restore(embedded_store, Path(made.path), RULES)

    assert restored.differs is not None
    assert "models" in restored.differs
    assert "records" not in restored.differs
    assert await _facts(embedded_store) == facts
    await migrate(embedded_store)


async def test_a_fact_that_is_loaded_otherwise_is_a_failure(
    embedded_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compared as soon as it is loaded, and the store stays closed to others."""
    await sync(small_company(4, 10), embedded_store, RULES)
    made = await _backed_up(embedded_store, tmp_path)
    await _empty(embedded_store)

    async def altered(transaction: Transaction, frame: transfer.Nodes | transfer.Relationships) -> None:
        if isinstance(frame, transfer.Nodes) and "Interaction" in frame.labels:
            frame.rows[0].plain["kind"] = "never.said"
        await transfer.write(transaction, frame)

    monkeypatch.setattr(restoring, "write", altered)
    with pytest.raises(StoreError, match=r"differs from .* in: interactions"):
        await restore(embedded_store, Path(made.path), RULES)
    with pytest.raises(RestoreUnfinished):
        await migrate(embedded_store)


async def test_where_digests_are_made_otherwise_nothing_is_compared(
    embedded_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version with another method restores, and says that it could not compare."""
    await sync(small_company(4, 10), embedded_store, RULES)
    made = await _backed_up(embedded_store, tmp_path)
    facts = await _facts(embedded_store)
    await _empty(embedded_store)
    monkeypatch.setattr(restoring, "METHOD", "another")

    restored = await restore(embedded_store, Path(made.path), RULES)

    assert restored.differs is None
    assert await _facts(embedded_store) == facts


@pytest.mark.parametrize("how", ["cut", "one bit", "another file", "empty"])
async def test_a_broken_file_is_refused_before_anything_is_written(
    how: str, embedded_store: Store, tmp_path: Path
) -> None:
    """Cut anywhere, changed anywhere, or no backup at all: the store stays empty."""
    await sync(small_company(4, 10), embedded_store, RULES)
    path = Path((await _backed_up(embedded_store, tmp_path)).path)
    await _empty(embedded_store)
    _break(path, how)
    with pytest.raises(StoreError, match="no backup" if how in ("another file", "empty") else "not whole"):
        await restore(embedded_store, path, RULES)
    assert await embedded_store.read("MATCH (n) RETURN count(n)") == [[0]]


async def test_a_store_that_holds_anything_is_refused(embedded_store: Store, tmp_path: Path) -> None:
    """Two graphs are never mixed."""
    await sync(small_company(4, 10), embedded_store, RULES)
    made = await _backed_up(embedded_store, tmp_path)
    with pytest.raises(StoreError, match="Use an empty one"):
        await restore(embedded_store, Path(made.path), RULES)
    await migrate(embedded_store)


async def test_a_backup_of_a_newer_graph_is_refused(
    embedded_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this version cannot know is not loaded."""
    made = await _backed_up(embedded_store, tmp_path)
    header = next(read_backup(Path(made.path)))
    assert isinstance(header, Header)
    monkeypatch.setattr(restoring, "latest", lambda: header.schema - 1)
    with pytest.raises(SchemaTooNew, match="Install the newer c360"):
        await restore(embedded_store, Path(made.path), RULES)


def _break(path: Path, how: str) -> None:
    whole = path.read_bytes()
    middle = len(whole) // 2
    broken = {
        "cut": whole[: len(whole) * 2 // 3],
        "one bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "another file": b"PK" + whole,
        "empty": b"",
    }
    path.write_bytes(broken[how])


async def _company(store: Store) -> None:
    await sync(small_company(40, 160), store, RULES)
    ids = [id for (id,) in await store.read("MATCH (c:Customer) RETURN c.id ORDER BY c.first_record LIMIT 2")]
    await merge_customers(store, RULES, ids, Ask(by="cleo", reason="they said so"))
    await store.write(_DECIDED)


async def _backed_up(store: Store, folder: Path) -> Backup:
    return await backup(store, folder / "monday.c360", NOW)


async def _facts(store: Store) -> list[str]:
    return sorted(f"{labels} {sorted(properties.items())}" for labels, properties in await store.read(_FACTS))


async def _empty(store: Store) -> None:
    await store.write("MATCH (n) DETACH DELETE n")


async def _killed(settings: StoreSettings, path: str, deed: str) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_die, args=(settings, path, deed))
    process.start()
    await asyncio.to_thread(process.join)
    assert process.exitcode == -signal.SIGKILL, "it never came to that place"


def _die(settings: StoreSettings, path: str, deed: str) -> None:
    written = 0

    async def counted(*arguments: object) -> None:
        nonlocal written
        written += 1
        if written > 3:
            os.kill(os.getpid(), signal.SIGKILL)
        await transfer.write(*arguments)  # type: ignore[arg-type]

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if deed == "at the rebuild":
        restoring.rebuild = die  # type: ignore[assignment]
    elif deed == "after the rebuild":
        restoring.digest = die  # type: ignore[assignment]
    else:
        restoring.write = counted  # type: ignore[assignment]

    async def work() -> None:
        async with open_store(settings) as store:
            await restore(store, Path(path), RULES)

    asyncio.run(work())
