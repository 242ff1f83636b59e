"""Syncs by the clock: each source when its time has come, once among several processes, over restarts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from api.schedule import JITTER, Schedule
from connectors.errors import PluginConfigError
from connectors.settings import read_settings
from graph.store.driver import Store
from graph.store.settings import StoreSettings
from graph.sync.known_sources import source_states
from graph.sync.syncs import newest_sync
from tests.api.test_http import client_of
from tests.api.test_metrics import told
from tests.api.test_syncs import PEOPLE, slow_source, syncs_of_folder

pytestmark = pytest.mark.anyio
QUARTER = 900.0


class Clock:
    """Seconds that go on when they are told to."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


async def _ended(store: Store) -> str:
    async with asyncio.timeout(60):
        while (sync := await newest_sync(store)) is None or sync.is_under_way:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return sync.status


async def test_a_source_is_synced_when_its_time_has_come_and_by_one_process(
    embedded_store: Store, embedded_settings: StoreSettings, tmp_path: Path
) -> None:
    """Never read: at once, by one of two; then not before its time, also after a restart; then again."""
    slow_source(tmp_path, 0.0)
    syncs = syncs_of_folder(embedded_store, embedded_settings, tmp_path)
    here, there = (Schedule(embedded_store, syncs, {"shop": QUARTER}) for _ in range(2))

    begun = await asyncio.gather(here.look(), there.look())

    assert sorted(begun) == [[], ["shop"]]
    assert await _ended(embedded_store) == "SUCCEEDED"
    (state,) = await source_states(embedded_store)
    assert state.last_sync_at is not None
    clock = Clock(state.last_sync_at.timestamp())
    restarted = Schedule(embedded_store, syncs, {"shop": QUARTER}, clock)
    clock.now += QUARTER - 1
    assert await restarted.look() == []
    clock.now += 1 + QUARTER * JITTER
    assert await restarted.look() == ["shop"]
    assert await _ended(embedded_store) == "SUCCEEDED"


async def test_a_sync_that_cannot_begin_is_tried_again_when_its_time_comes(
    embedded_store: Store, embedded_settings: StoreSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A connector that is broken is not begun with every look; the log of the API says that the sync failed."""
    caplog.set_level("WARNING", "c360.syncs")
    slow_source(tmp_path, 0.0)
    (tmp_path / "slow.py").write_text("this is no Python")
    syncs = syncs_of_folder(embedded_store, embedded_settings, tmp_path)
    clock = Clock(1_900_000_000.0)
    schedule = Schedule(embedded_store, syncs, {"shop": QUARTER}, clock)

    assert await schedule.look() == ["shop"]
    assert await _ended(embedded_store) == "FAILED"
    assert [record.message for record in caplog.records if record.name == "c360.syncs"] == [
        "a sync that was begun here ended with exit code 2: c360 doctor"
    ]
    clock.now += 60
    assert await schedule.look() == []
    clock.now += QUARTER * (1 + JITTER)
    assert await schedule.look() == ["shop"]
    await _ended(embedded_store)


async def test_the_metrics_tell_how_the_sources_are(
    embedded_store: Store, embedded_settings: StoreSettings, tmp_path: Path
) -> None:
    """When each was last read, whether that failed, and how many of its records wait."""
    slow_source(tmp_path, 0.0)
    syncs = syncs_of_folder(embedded_store, embedded_settings, tmp_path)
    await Schedule(embedded_store, syncs, {"shop": QUARTER}).look()
    await _ended(embedded_store)
    (state,) = await source_states(embedded_store)
    await embedded_store.write("MATCH (r:SourceRecord) WITH r LIMIT 3 SET r.pending = true")

    async with client_of(embedded_store) as client:
        figures = await told(client)

    assert state.last_success_at is not None
    success = figures["c360_source_last_success_timestamp_seconds", "shop"]
    assert success == pytest.approx(state.last_success_at.timestamp())
    assert figures["c360_source_failed", "shop"] == 0
    assert figures["c360_source_pending_records", "shop"] == 3 < PEOPLE


@pytest.mark.parametrize(("text", "seconds"), [("1m", 60), ("15m", 900), ("2h", 7_200), (" 1 d ", 86_400)])
def test_a_rhythm_is_minutes_hours_or_days(text: str, seconds: float, tmp_path: Path) -> None:
    """As plugins.toml writes it."""
    (tmp_path / "plugins.toml").write_text(f'[shop]\nconnector = "files"\nevery = "{text}"\n')
    (source,) = read_settings(tmp_path / "plugins.toml").sources
    assert source.every == seconds


@pytest.mark.parametrize("text", ['"15"', '"0m"', '"often"', '"-1h"', "15"])
def test_what_is_no_rhythm_is_refused_with_an_example(text: str, tmp_path: Path) -> None:
    """Section, key, and how it is written."""
    (tmp_path / "plugins.toml").write_text(f'[shop]\nconnector = "files"\nevery = {text}\n')
    with pytest.raises(PluginConfigError, match=r"\[shop\] every"):
        read_settings(tmp_path / "plugins.toml")
