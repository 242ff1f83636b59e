"""A field that a source stopped sending is noticed from the records as they were linked."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from graph.linkage.link import train
from graph.linkage.rules import Decisions
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.completeness import completeness_fell
from graph.sync.linkcache import LinkCache
from graph.sync.models import save_model
from tests.graph.linkage.people import silos

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("gone", ["phone", None])
async def test_a_field_that_far_fewer_records_say_is_told(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str | None
) -> None:
    """With phones gone since the model learned, phone has fallen; with the same records nothing has."""
    monkeypatch.setenv("C360_CACHE", str(tmp_path))
    records = silos(80, seed=4)[0]
    model, rules = train(records), Rules()
    if gone is not None:
        at = records.column_names.index(gone)
        records = records.set_column(at, gone, pa.nulls(records.num_rows, pa.string()))

    async with store.lease("link") as lease:
        await save_model(store, lease, model, 5_000)
        (await LinkCache.of(store, lease)).build(records, model, rules.matching, Decisions())
        fell = await completeness_fell(store, lease, rules)

    assert [each.field for each in fell] == ([] if gone is None else [gone])


async def test_without_a_frozen_model_nothing_can_have_fallen(store: Store) -> None:
    """A small store learns anew from today's records each time."""
    async with store.lease("link") as lease:
        assert await completeness_fell(store, lease, Rules()) == ()
