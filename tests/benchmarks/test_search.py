"""The benchmark of search runs, and whom it means are found."""

from __future__ import annotations

import pytest

from benchmarks.search import measure, people, write
from graph.search.upkeep import name_everybody
from graph.store.driver import Store

pytestmark = pytest.mark.anyio


async def test_those_who_are_meant_are_found(embedded_store: Store) -> None:
    """Of a few people everybody is found by their whole name, address and number, and nobody by what nobody has."""
    everybody = people(60, 1)
    await write(embedded_store, everybody)
    await name_everybody(embedded_store)
    results = {result["kind"]: result for result in await measure(embedded_store, everybody, 3, 1)}

    for kind in ("whole name", "whole e-mail", "national number", "last six digits"):
        assert results[kind]["among the first ten"] == 1.0, kind
    assert results["nobody"]["among the first ten"] == 0.0
    assert results["all"]["p50_ms"] > 0  # type: ignore[operator]
