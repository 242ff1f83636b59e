"""Whether a source stopped saying something: fields that fewer records say than when the model in force learned."""

from __future__ import annotations

import numpy as np

from graph.linkage.drift import FieldDrift, completeness, completeness_drift
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.lease import Lease
from graph.sync.linkcache import LinkCache
from graph.sync.models import frozen_version

_LOOKED_AT = 20_000
"""Records that are looked at, evenly spread: a share of them is right to well under a point."""


async def completeness_fell(store: Store, lease: Lease, rules: Rules) -> tuple[FieldDrift, ...]:
    """The fields that today's records say by over ten points less than those the frozen model learned from.

    Looked up in the cache of linked records. Empty without one: then the model has just learned from these records.
    """
    version = await frozen_version(store, 0)
    index = None if version is None else (await LinkCache.of(store, lease)).load(version, rules.matching)
    if index is None:
        return ()
    rows = np.flatnonzero(index.alive)
    records, _ = index.records(rows[:: max(1, -(-len(rows) // _LOOKED_AT))])
    return tuple(each for each in completeness_drift(index.model, completeness(records)) if each.has_fallen)
