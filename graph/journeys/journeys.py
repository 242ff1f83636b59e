"""All journeys as columns, as of one entry of the change log: what figures are worked out from.

It is a snapshot and never changes; `changed` gives the next one. Customers and accounts are known by their place in
their tables here, and by their ids to everybody else.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar
from weakref import WeakSet

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.customer.touchpoints import Touchpoint, TouchpointNames
from graph.journeys.kept import Kept
from graph.journeys.layout import OF_ACCOUNTS, TABLES
from graph.journeys.part import Coded, Columns, Joined, Part, places
from graph.journeys.view import Mask, Unit, View
from graph.rules import Rules

MOST_FITS = 24
SAME_MOMENT_MS = 60_000
T = TypeVar("T")
FOR_EVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Journeys:
    """The tables of `layout.TABLES`; `seq` is the last entry of the change log that they hold."""

    parts: Mapping[str, Part]
    rules: Rules
    seq: int
    read_at: int
    """When they were last brought up to date, epoch milliseconds."""
    fits: Kept = field(default_factory=lambda: Kept(MOST_FITS), repr=False)
    """Models fitted to these journeys or to those of before; they belong to a day, not to an entry of the log."""
    _settled: Journeys | None = field(default=None, repr=False)
    _once: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)
    _shelves: WeakSet[Kept] = field(default_factory=WeakSet, init=False, repr=False)
    """Where views keep what is made of these journeys."""

    @classmethod
    def of(cls, tables: Mapping[str, pa.Table], rules: Rules, seq: int = 0, read_at: int = 0) -> Journeys:
        """The journeys of these tables; a table that is not given is empty."""
        empty = {name: schema.empty_table() for name, schema in TABLES.items()}
        return cls({name: Part.of(tables.get(name, none)) for name, none in empty.items()}, rules, seq, read_at)

    def changed(
        self, customers: Sequence[str], accounts: Sequence[str], rows: Mapping[str, pa.Table], seq: int, read_at: int
    ) -> Journeys:
        """The journeys in which these have these rows instead of theirs; a table that is not given stays as it is."""
        parts = {
            name: part.replaced(accounts if name in OF_ACCOUNTS else customers, rows[name]) if name in rows else part
            for name, part in self.parts.items()
        }
        return Journeys(parts, self.rules, seq, read_at, self.fits, self.settled)

    @cached_property
    def settled(self) -> Journeys:
        """The journeys as they were read; those that follow have the same, so that what is made of it is made once."""
        if self._settled is not None:
            return self._settled
        parts = {name: part.unchanged for name, part in self.parts.items()}
        return Journeys(parts, self.rules, self.seq, self.read_at, self.fits)

    @cached_property
    def later(self) -> Journeys:
        """Only those who have changed since, as they are now; of their accounts what was read with them."""
        return Journeys.of({name: part.later for name, part in self.parts.items()}, self.rules, self.seq, self.read_at)

    @property
    def customers(self) -> Part:
        return self.parts["customers"]

    @property
    def accounts(self) -> Part:
        return self.parts["accounts"]

    @property
    def events(self) -> Part:
        return self.parts["events"]

    @property
    def stages(self) -> Part:
        return self.parts["stages"]

    @property
    def handoffs(self) -> Part:
        return self.parts["handoffs"]

    @property
    def records(self) -> Part:
        return self.parts["records"]

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What follows from these journeys, worked out when it is first asked for and kept with them."""
        found = self._once.get(key, self)
        if found is self:
            found = self._once[key] = make()
        made: T = found
        return made

    def shelf(self, most: int) -> Kept:
        """A place to keep so many things that are made of these journeys, until they are let go."""
        shelf = Kept(most)
        self._shelves.add(shelf)
        return shelf

    def let_go(self, then: Journeys | None = None) -> None:
        """Forget what was made of them, because others have taken their place: `then`, if they follow from these.

        What is made of journeys points back to them: it would stay until Python looks for garbage, with columns of
        all interactions. Whoever is still at work with these journeys may go on, and makes what they need once more.
        """
        self._once.clear()
        for shelf in list(self._shelves):
            shelf.let_go()
        settled: Journeys | None = self._settled or self.__dict__.get("settled")
        alone = [settled] if then is None or then._settled is not settled else []
        for part in (self.__dict__.get("later"), *alone):
            if part is not None:
                part.let_go()
        for name, made in vars(Journeys).items():
            if isinstance(made, cached_property):
                self.__dict__.pop(name, None)

    def moment(self, now_ms: int) -> int:
        """The moment as of which a question that is asked now is answered, both in epoch milliseconds.

        It is that of the question before while that is less than a minute ago: what is asked again is not worked out
        again, unless something has changed, because then these are other journeys.
        """
        before: int | None = self._once.get("moment")
        if before is None or not 0 <= now_ms - before < SAME_MOMENT_MS:
            self._once["moment"] = before = now_ms
        return before

    @property
    def alerts(self) -> Part:
        return self.parts["alerts"]

    def customer_ids(self, numbers: NDArray[np.int64]) -> list[str]:
        """The ids of customers, by their numbers."""
        return [str(id) for id in self.customers.take("id", numbers).to_pylist()]

    def account_ids(self, numbers: NDArray[np.int64]) -> list[str]:
        """The ids of accounts, by their numbers."""
        return [str(id) for id in self.accounts.take("id", numbers).to_pylist()]

    def customer_numbers(self, ids: list[str]) -> NDArray[np.int64]:
        """The numbers of customers, by their ids; -1 where there is none."""
        return places(pa.chunked_array([pa.array(ids, pa.large_string())]), self.customers.arrow("id")).astype(np.int64)

    @cached_property
    def account_of(self) -> NDArray[np.int32]:
        """By customer, the number of their account; -1 where they have none."""
        return places(self.customers.arrow("account"), self.accounts.arrow("id"))

    @cached_property
    def customer_of_event(self) -> NDArray[np.int32]:
        """By row of `events`, the number of the customer."""
        return self.events.numbers_of(self.customers)

    def whose(self, part: Part) -> NDArray[np.int32]:
        """By row of `stages`, `handoffs` or `records`, the number of the customer."""
        return self.once(("whose", id(part)), lambda: part.numbers_of(self.customers))

    def view(self, unit: Unit = Unit.CUSTOMER, as_of: int | None = None) -> View:
        """All interactions of all customers or accounts, as far as they had happened by `as_of` (epoch ms)."""
        whole = self._of_accounts if unit is Unit.ACCOUNT else self._of_customers
        return whole if as_of is None else whole.until(as_of)

    @cached_property
    def _of_customers(self) -> View:
        return View(
            self,
            Unit.CUSTOMER,
            self.events,
            None,
            self.customer_of_event,
            np.ones(len(self.customers), np.bool_),
            FOR_EVER,
        )

    @cached_property
    def _of_accounts(self) -> View:
        """An activity in which several of an account's people took part happened to the account once."""
        own = self.parts["account_events"]
        columns = Joined(self.events, own) if len(own) else self.events
        of_people = self.account_of[self.customer_of_event] if len(self.events) else np.zeros(0, np.int32)
        whose = np.concatenate([of_people, own.numbers_of(self.accounts)])
        rows = np.flatnonzero(whose >= 0)
        rows = rows[_in_order(whose[rows], columns.moments("at")[rows], columns.moments("sequence")[rows])]
        return View(
            self,
            Unit.ACCOUNT,
            columns,
            rows[_first_of_each(whose[rows], columns.coded("activity_id").codes[rows])],
            whose,
            np.ones(len(self.accounts), np.bool_),
            FOR_EVER,
        )

    def touchpoint_of(self, columns: Columns) -> Coded:
        """By row, the key of the touchpoint that the rules name."""
        return columns.derived(("touchpoint", self.rules.touchpoint), self._named)

    @cached_property
    def touchpoints(self) -> Mapping[str, Touchpoint]:
        """Touchpoints that occur, by key."""
        names = TouchpointNames(self.rules.touchpoint)
        found = [names.of(*each) for each in _occurring(self.events)[0] if each is not None]
        return {touchpoint.key: touchpoint for touchpoint in found}

    def touchpoint_keys(self, names: Sequence[str]) -> tuple[str, ...]:
        """The keys of the touchpoints that occur under these names, or are these keys themselves."""
        return tuple(key for key, each in self.touchpoints.items() if key in names or each.name in names)

    def _named(self, columns: Columns) -> Coded:
        names = TouchpointNames(self.rules.touchpoint)
        occurring, where = _occurring(columns)
        keys = [None if each is None else names.of(*each).key for each in occurring]
        values = tuple(dict.fromkeys(key for key in keys if key is not None))
        number = {None: -1} | {key: place for place, key in enumerate(values)}
        return Coded(np.array([number[key] for key in keys], np.int32)[where], values)


def _occurring(columns: Columns) -> tuple[list[tuple[str, str, str] | None], NDArray[np.int32]]:
    """The kinds, channels and functions that occur together, None where one is not said; by row, which of them."""
    three = tuple(columns.coded(name) for name in ("kind", "channel", "function"))
    combined = np.zeros(len(three[0].codes), np.int64)
    for column in three:
        combined = combined * (len(column.values) + 1) + column.codes + 1
    found = pa.array(combined).dictionary_encode()  # hashing, where numpy would sort
    apart: list[NDArray[np.int64]] = []
    rest = found.dictionary.to_numpy()
    for column in reversed(three):
        rest, code = np.divmod(rest, len(column.values) + 1)
        apart.append(code - 1)
    kinds, channels, functions = (
        [column.values[code] if code >= 0 else None for code in codes]
        for column, codes in zip(three, reversed(apart), strict=True)
    )
    occurring = [
        (kind, channel, function) if kind and channel and function else None
        for kind, channel, function in zip(kinds, channels, functions, strict=True)
    ]
    return occurring, found.indices.to_numpy()


def _in_order(whose: NDArray[np.int32], at: NDArray[np.int64], sequence: NDArray[np.int64]) -> NDArray[np.int64]:
    """The order of rows by unit, then moment, then sequence; one number of all three is sorted where they fit in it."""
    if not len(whose):
        return np.zeros(0, np.int64)
    spans = [int(values.max()) - int(values.min()) + 1 for values in (at, sequence)]
    if (int(whose.max()) + 1) * spans[0] * spans[1] > FOR_EVER:
        return np.lexsort((sequence, at, whose))
    both = (whose.astype(np.int64) * spans[0] + (at - at.min())) * spans[1] + (sequence - sequence.min())
    return np.argsort(both, kind="stable")


def _first_of_each(whose: NDArray[np.int32], activity: NDArray[np.int32]) -> Mask:
    """Rows that are the first of their activity and unit; rows without an activity stand for themselves."""
    first = np.ones(len(activity), np.bool_)
    said = activity >= 0
    shared = np.append(np.bincount(activity[said]) > 1, False)  # -1, none, is the last
    several = np.flatnonzero(said & shared[activity])
    both = whose[several].astype(np.int64) << 32 | activity[several]
    order = np.argsort(both, kind="stable")
    again = np.concatenate([[False], both[order][1:] == both[order][:-1]])[: len(order)]
    first[several[order[again]]] = False
    return first
