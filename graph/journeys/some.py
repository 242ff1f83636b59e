"""The journeys of some customers alone: what an answer about few customers costs then goes by them, not by all."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.journeys.journeys import Journeys
from graph.journeys.part import Part, Settled
from graph.journeys.runs import by_owner

_OF_CUSTOMERS = ("customers", "events", "handoffs", "stages", "alerts", "records")


def journeys_of(journeys: Journeys, customers: Collection[str]) -> Journeys:
    """The same journeys with these customers only, and without accounts; who is not there any more is left out."""
    chosen = sorted(customers)
    tables = {name: _rows_of(journeys.parts[name], chosen) for name in _OF_CUSTOMERS}
    return Journeys.of(tables, journeys.rules, journeys.seq, journeys.read_at)


def who_has(part: Part, column: str, values: Collection[str]) -> set[str]:
    """Whose rows hold one of these texts in a column."""
    wanted = pa.array(sorted(values), pa.large_string())
    owners: set[str] = set()
    for settled, shown in ((part.base, part.shown), (part.fresh, None)):
        held = pc.is_in(settled.arrow(column), value_set=wanted).to_numpy()
        rows = np.flatnonzero(held if shown is None else held & shown)
        owners.update(map(str, settled.take(settled.table.schema.names[0], rows).to_pylist()))
    return owners


def _rows_of(part: Part, owners: list[str]) -> pa.Table:
    found = [stretch for stretch in part.base.rows_of(owners) if part.shown is None or part.shown[stretch.start]]
    both = pa.concat_tables([_taken(part.base, found), _taken(part.fresh, part.fresh.rows_of(owners))])
    return by_owner(both.unify_dictionaries().combine_chunks())


def _taken(settled: Settled, stretches: list[slice]) -> pa.Table:
    rows: NDArray[Any] = np.concatenate([np.zeros(0, np.int64), *(np.arange(s.start, s.stop) for s in stretches)])
    return settled.table.take(pa.array(rows, pa.int64()))
