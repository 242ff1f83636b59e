"""The linkage model in force: kept, replaced, and what becomes of one that an older version saved."""

from __future__ import annotations

import base64
import gzip
import zlib

import msgspec
import pytest

from graph.linkage.link import link, train
from graph.linkage.model import FORMAT, LinkageModel
from graph.linkage.rules import LinkageError
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.models import frozen_model, model_in_force, readable_model, save_model
from graph.sync.rebuild import plan_rebuild
from tests.graph.linkage.people import silos
from tests.graph.store.older.load import HERE

pytestmark = pytest.mark.anyio


async def test_the_model_last_saved_is_in_force(store: Store) -> None:
    """Of two models the later one is read, with the number of records it learned from."""
    first, second = (train(silos(40, seed=seed)[0]) for seed in (1, 2))

    async with store.lease("link") as lease:
        await save_model(store, lease, first, first.records)
        await save_model(store, lease, second, 5_000)

    found = await model_in_force(store)
    assert (found.model.version, found.records, found.is_frozen) == (second.version, 5_000, True)
    assert found.model.completeness == second.completeness
    kept = await frozen_model(store, 6_000)
    assert kept is not None
    assert kept.version == second.version
    assert await frozen_model(store, 60_000) is None  # twelve times as many: it must learn again


async def test_before_the_first_sync_there_is_none(store: Store) -> None:
    """The message says what trains one."""
    assert await readable_model(store) is None
    with pytest.raises(LinkageError, match="c360 sync"):
        await model_in_force(store)


async def test_an_older_versions_model_is_trained_again(store: Store) -> None:
    """A model in a format of before is not read and stops no sync."""
    model = train(silos(40, seed=1)[0])
    async with store.lease("link") as lease:
        await save_model(store, lease, model, 5_000)
    saved = msgspec.msgpack.decode(model.to_bytes())
    older = msgspec.msgpack.encode({**saved, "format": 0})
    await store.write("MATCH (m:LinkageModel) SET m.body = $body", body=base64.b64encode(zlib.compress(older)).decode())

    assert await frozen_model(store, 5_000) is None
    with pytest.raises(LinkageError, match="link train --use"):
        await model_in_force(store)


def test_a_model_of_the_format_before_is_read_under_its_version() -> None:
    """The one of a graph of schema 13: it needs no training, and its bytes are those of its format again."""
    dump = msgspec.json.decode(gzip.decompress((HERE / "schema_013.json.gz").read_bytes()))
    (saved,) = [node["plain"] for node in dump["nodes"] if node["labels"] == ["LinkageModel"]]

    model = LinkageModel.from_bytes(zlib.decompress(base64.b64decode(saved["body"])))

    assert model.format == FORMAT - 3
    assert model.version == saved["version"] == LinkageModel.from_bytes(model.to_bytes()).version
    assert link(silos(40, seed=1)[0], model=model).model.version == saved["version"]


async def test_a_rebuild_is_planned_by_the_model_that_is_given(embedded_store: Store) -> None:
    """What was just trained tells what it would change; it is not trained again, and stays out of force."""
    model = train(silos(40, seed=1)[0])

    plan = await plan_rebuild(embedded_store, Rules(), model=model)

    assert plan.model_version == model.version
    assert await readable_model(embedded_store) is None
