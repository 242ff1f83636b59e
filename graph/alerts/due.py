"""When each customer has to be looked at again although nothing happens to them: a condition's time will have come."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_MOST_LATER = 5_000
_COLUMNS: list[tuple[str, Any]] = [("due", pa.int64()), ("who", pa.large_string())]
SCHEMA = pa.schema(_COLUMNS)


def _none() -> pa.Table:
    return SCHEMA.empty_table()


@dataclass(frozen=True)
class DueTimes:
    """Moments (epoch ms) by customer: a table sorted by moment, and what has been said of customers since."""

    table: pa.Table = field(default_factory=_none)
    later: Mapping[str, int | None] = field(default_factory=dict)
    """By customer; None of whom nothing is to come."""

    @classmethod
    def of(cls, customers: pa.ChunkedArray[Any], due: NDArray[np.int64], never: int) -> DueTimes:
        """The moment of each customer; `never` of whom nothing is to come."""
        chosen = np.flatnonzero(due != never)
        chosen = chosen[np.argsort(due[chosen], kind="stable")]
        return cls(
            pa.table([pa.array(due[chosen], pa.int64()), customers.take(pa.array(chosen, pa.int64()))], schema=SCHEMA)
        )

    def by(self, moment: int) -> set[str]:
        """Whose time has come by then."""
        count = int(np.searchsorted(self.table.column("due").to_numpy(), moment, side="right"))
        first = {str(who) for who in self.table.column("who").slice(0, count).to_pylist()}
        return (first - self.later.keys()) | {
            who for who, due in self.later.items() if due is not None and due <= moment
        }

    def after(self, looked_at: Collection[str], due: Mapping[str, int]) -> DueTimes:
        """The same once these customers have been looked at, of whom only those in `due` have a moment to come."""
        later = {**self.later, **{who: due.get(who) for who in looked_at}}
        changed = DueTimes(self.table, later)
        return DueTimes(changed.settled()) if len(later) > _MOST_LATER else changed

    def settled(self) -> pa.Table:
        """All of them in one table."""
        if not self.later:
            return self.table
        said = pa.array(self.later.keys(), pa.large_string())
        kept = self.table.filter(pc.invert(pc.is_in(self.table.column("who"), value_set=said)))
        new = [(due, who) for who, due in self.later.items() if due is not None]
        moments, customers = pa.array([due for due, _ in new], pa.int64()), [who for _, who in new]
        added = pa.table([moments, pa.array(customers, pa.large_string())], schema=SCHEMA)
        return pa.concat_tables([kept, added]).sort_by("due").combine_chunks()
