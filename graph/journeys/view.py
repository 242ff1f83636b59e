"""A view of the journeys: whose they are, what had happened by when, and which interactions count.

Every figure takes a view. Its rows are interactions, all of one customer (or account) together, in the order of the
journey; `unit` says of each row whose it is. Narrowing a view never copies a column that nobody asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from enum import StrEnum
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.journeys.part import Coded, Columns
from graph.journeys.period import Period

if TYPE_CHECKING:
    from graph.journeys.journeys import Journeys

Mask = NDArray[np.bool_]
T = TypeVar("T")
MOST_KEPT = 100
MOST_PERIODS = 6
"""Each holds the columns of its period that were asked for."""
MOST_OF_MOMENTS = 6
"""Tables as of a moment, which nobody asks for again once it is past."""
MOST_ANSWERS = 4_000
"""Figures, of some hundred bytes each; few are larger."""


class Unit(StrEnum):
    """Who is counted: each person, or each account with all that its people experienced."""

    CUSTOMER = "CUSTOMER"
    ACCOUNT = "ACCOUNT"


class View:
    """Interactions of some customers or accounts; `all_units` many there are, of which `members` are looked at."""

    def __init__(
        self,
        journeys: Journeys,
        unit_of: Unit,
        columns: Columns,
        rows: NDArray[np.int64] | None,
        whose: NDArray[np.int32],
        members: Mask,
        as_of: int,
        whole: View | None = None,
    ) -> None:
        self._whole = whole
        self._kept = journeys.shelf(MOST_KEPT)
        self._earlier = journeys.shelf(2)
        self._periods = journeys.shelf(MOST_PERIODS)
        self._of_moments = journeys.shelf(MOST_OF_MOMENTS)
        self._answers = journeys.shelf(MOST_ANSWERS)
        self.journeys = journeys
        self.unit_of = unit_of
        self.as_of = as_of
        """Nothing later than this moment (epoch milliseconds) is in the view."""
        self.members = members
        """By unit, whether it is looked at."""
        self._columns = columns
        self._rows = rows
        self._whose = whose

    def __len__(self) -> int:
        return len(self._whose) if self._rows is None else len(self._rows)

    @property
    def whole(self) -> View:
        """The view of all customers (or accounts) as of the same moment, which keeps what figures share."""
        return self if self._whole is None else self._whole

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made once; several figures rest on the same tables."""
        return self._kept.once(key, make)

    def as_of_moment(self, key: Hashable, make: Callable[[], T]) -> T:
        """The same of a table that holds as of the view's moment alone; few are kept."""
        return self._of_moments.once((key, self.as_of), make)

    def answer(self, key: Hashable, make: Callable[[], T]) -> T:
        """The same of a small answer about those who are looked at, as of this moment.

        It is kept with the view of all, so that whoever narrows that to the same people again finds it.
        """
        return self.whole._answers.once((key, self._looked_at, self.as_of), make)

    @cached_property
    def _looked_at(self) -> bytes:
        """Stands for the members; nothing where all are."""
        return b"" if self.members.all() else blake2b(np.packbits(self.members).tobytes(), digest_size=16).digest()

    @property
    def size(self) -> int:
        """How many units are looked at, those without any interaction too."""
        return int(self.members.sum())

    @cached_property
    def unit(self) -> NDArray[np.int32]:
        """By row, the number of the customer (or account) in the journeys' table of them."""
        return self._whose if self._rows is None else self._whose[self._rows]

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """The rows at which another unit begins."""
        if not len(self):
            return np.zeros(0, np.int64)
        return np.flatnonzero(np.concatenate([[True], self.unit[1:] != self.unit[:-1]]))

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column of numbers; NaN where nothing is said."""
        return self._of("numbers", name, self._columns.numbers(name))

    def moments(self, name: str) -> NDArray[np.int64]:
        """A column of moments (epoch milliseconds); NOT_SAID where nothing is said."""
        return self._of("moments", name, self._columns.moments(name))

    def flags(self, name: str) -> Mask:
        """A column of yes and no."""
        return self._of("flags", name, self._columns.flags(name))

    def coded(self, name: str) -> Coded:
        """A column of texts as codes."""
        found = self._column(name)
        return Coded(self._of("coded", name, found.codes), found.values)

    def _column(self, name: str) -> Coded:
        return self.journeys.touchpoint_of(self._columns) if name == "touchpoint" else self._columns.coded(name)

    def arrow(self, name: str) -> pa.ChunkedArray[Any]:
        """A column as Arrow has it."""
        return self._columns.arrow(name) if self._rows is None else self._columns.take(name, self._rows)

    def texts(self, name: str) -> list[str | None]:
        """A column of texts as they are; for few rows."""
        return self.arrow(name).to_pylist()

    def taken(self, name: str, rows: NDArray[np.int64]) -> list[str | None]:
        """A column of texts of these rows of the view alone."""
        return self._columns.take(name, rows if self._rows is None else self._rows[rows]).to_pylist()

    @property
    def at(self) -> NDArray[np.int64]:
        """When each happened, epoch milliseconds."""
        return self.moments("at")

    @cached_property
    def is_activity(self) -> Mask:
        """By row, whether it is the customer's own doing: inbound and not automated."""
        return self.coded("direction").among("inbound") & ~self.flags("automated")

    def kinds(self, *kinds: str) -> Mask:
        """By row, whether it is of one of these kinds."""
        return self.coded("kind").among(*kinds)

    def where(self, rows: Mask) -> View:
        """Only these interactions; whoever has none of them is looked at all the same."""
        numbers = np.flatnonzero(rows) if self._rows is None else self._rows[rows]
        return View(self.journeys, self.unit_of, self._columns, numbers, self._whose, self.members, self.as_of)

    def within(self, period: Period) -> View:
        """Only what happened in the period."""
        start, end, at = period.start_ms, period.end_ms, self.at
        return self._periods.once((start, end), lambda: self.where((at >= start) & (at < end)))

    def of(self, members: Mask) -> View:
        """Only these customers or accounts (by unit), with what they experienced."""
        kept = self.members & members
        seen = self.where(kept[self.unit])
        return View(self.journeys, self.unit_of, self._columns, seen._rows, self._whose, kept, self.as_of, self.whole)

    def until(self, moment_ms: int) -> View:
        """Only what had happened by that moment."""
        as_of = min(self.as_of, moment_ms)
        if self.once("latest", lambda: int(self.at.max(initial=0))) <= moment_ms:
            return self._as_of(as_of)  # nothing is hidden, so that all that was made of these rows holds
        before = self.at <= moment_ms
        if self is not self.whole:
            seen = self.where(before)
            return View(self.journeys, self.unit_of, self._columns, seen._rows, self._whose, self.members, as_of)
        # Who asks as of another moment between the same two interactions is told from the same tables.
        earlier = self._earlier.once(int(before.sum()), lambda: self._earlier_view(before, as_of))
        return earlier._as_of(as_of)

    def _earlier_view(self, before: Mask, as_of: int) -> View:
        rows = self.where(before)._rows
        return View(self.journeys, self.unit_of, self._columns, rows, self._whose, self.members, as_of)

    def _as_of(self, as_of: int) -> View:
        view = View(
            self.journeys, self.unit_of, self._columns, self._rows, self._whose, self.members, as_of, self.whole
        )
        view._kept, view._periods, view._of_moments = self._kept, self._periods, self._of_moments
        return view

    def is_about(self, rows: Mask, of: View) -> Mask:
        """By row, whether it is about one of these rows of another view of the same journeys."""
        named = np.zeros(len(self._whose), np.bool_)
        named[np.flatnonzero(rows) if of._rows is None else of._rows[rows]] = True
        telling, told = self._columns.named_rows("about")
        found = np.zeros(len(self._whose), np.bool_)
        found[telling[named[told]]] = True
        return found if self._rows is None else found[self._rows]

    def coded_of_about(self, name: str) -> NDArray[np.int32]:
        """By row, the code in the column `name` of the interaction that it is about; -1 where there is none."""
        telling, told = self._columns.named_rows("about")
        codes = np.full(len(self._whose), -1, np.int32)
        codes[telling] = self._column(name).codes[told]
        return codes if self._rows is None else codes[self._rows]

    def any_by_unit(self, rows: Mask) -> Mask:
        """By unit, whether it has one of these rows."""
        found = np.zeros(len(self.members), np.bool_)
        found[self.unit[rows]] = True
        return found

    def first_by_unit(self, rows: Mask) -> NDArray[np.int64]:
        """By unit, the place of its first row among these; -1 where it has none."""
        return self._one_by_unit(np.flatnonzero(rows)[::-1])

    def last_by_unit(self, rows: Mask) -> NDArray[np.int64]:
        """By unit, the place of its last row among these; -1 where it has none."""
        return self._one_by_unit(np.flatnonzero(rows))

    def _one_by_unit(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        found = np.full(len(self.members), -1, np.int64)
        found[self.unit[places]] = places  # of several the one that is written last stays
        return found

    def _of(self, way: str, name: str, column: NDArray[Any]) -> NDArray[Any]:
        rows = self._rows
        return column if rows is None else self.once((way, name), lambda: column[rows])
