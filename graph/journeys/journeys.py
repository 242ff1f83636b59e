"""All journeys as columns, as of one entry of the change log: what figures are worked out from.

It is a snapshot and never changes; `changed` gives the next one. Customers and accounts are known by their place in
their tables here, and by their ids to everybody else.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.customer.touchpoints import Touchpoint, TouchpointNames
from graph.journeys.kept import Kept
from graph.journeys.layout import TABLES
from graph.journeys.part import Coded, Columns, Joined, Part
from graph.journeys.view import Mask, Unit, View
from graph.rules import Rules

MOST_FITS = 24
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
    _touchpoints: dict[int, Coded] = field(default_factory=dict, repr=False)
    _once: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, tables: Mapping[str, pa.Table], rules: Rules, seq: int = 0, read_at: int = 0) -> Journeys:
        """The journeys of these tables; a table that is not given is empty."""
        empty = {name: schema.empty_table() for name, schema in TABLES.items()}
        return cls({name: Part.of(tables.get(name, none)) for name, none in empty.items()}, rules, seq, read_at)

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
        if key not in self._once:
            self._once[key] = make()
        made: T = self._once[key]
        return made

    @property
    def alerts(self) -> Part:
        return self.parts["alerts"]

    def customer_ids(self, numbers: NDArray[np.int64]) -> list[str]:
        """The ids of customers, by their numbers."""
        return [str(id) for id in self.customers.arrow("id").take(pa.array(numbers, pa.int64())).to_pylist()]

    def account_ids(self, numbers: NDArray[np.int64]) -> list[str]:
        """The ids of accounts, by their numbers."""
        return [str(id) for id in self.accounts.arrow("id").take(pa.array(numbers, pa.int64())).to_pylist()]

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
        return places(self.events.arrow("who"), self.customers.arrow("id"))

    def whose(self, part: Part) -> NDArray[np.int32]:
        """By row of `stages`, `handoffs` or `records`, the number of the customer."""
        return self.once(("whose", id(part)), lambda: places(part.arrow("who"), self.customers.arrow("id")))

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
        columns = Joined(self.events, own)
        of_people = self.account_of[self.customer_of_event] if len(self.events) else np.zeros(0, np.int32)
        whose = np.concatenate([of_people, places(own.arrow("who"), self.accounts.arrow("id"))]).astype(np.int32)
        rows = np.lexsort((columns.moments("sequence"), columns.moments("at"), whose))
        rows = rows[whose[rows] >= 0]
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
        if id(columns) not in self._touchpoints:
            self._touchpoints[id(columns)] = self._named(columns)
        return self._touchpoints[id(columns)]

    @cached_property
    def touchpoints(self) -> Mapping[str, Touchpoint]:
        """Touchpoints that occur, by key."""
        names = TouchpointNames(self.rules.touchpoint)
        kind, channel, function = (self.events.coded(name) for name in ("kind", "channel", "function"))
        codes = np.unique(_combined(kind, channel, function))
        found = [
            names.of(*(column.values[code] for column, code in zip((kind, channel, function), three, strict=True)))
            for three in _taken_apart(codes, kind, channel, function)
        ]
        return {touchpoint.key: touchpoint for touchpoint in found}

    def touchpoint_keys(self, names: Sequence[str]) -> tuple[str, ...]:
        """The keys of the touchpoints that occur under these names, or are these keys themselves."""
        return tuple(key for key, each in self.touchpoints.items() if key in names or each.name in names)

    def _named(self, columns: Columns) -> Coded:
        names = TouchpointNames(self.rules.touchpoint)
        three = tuple(columns.coded(name) for name in ("kind", "channel", "function"))
        codes, where = np.unique(_combined(*three), return_inverse=True)
        keys = [
            names.of(*(column.values[code] for column, code in zip(three, each, strict=True))).key
            for each in _taken_apart(codes, *three)
        ]
        values = tuple(dict.fromkeys(keys))
        by_key = {key: number for number, key in enumerate(values)}
        return Coded(np.array([by_key[key] for key in keys], np.int32)[where].astype(np.int32), values)


def places(values: pa.ChunkedArray[Any], among: pa.ChunkedArray[Any]) -> NDArray[np.int32]:
    """By value, its place among others; -1 where it is not among them."""
    if not len(values):
        return np.zeros(0, np.int32)
    found = pc.index_in(values, value_set=among.combine_chunks())
    return found.fill_null(-1).to_numpy().astype(np.int32, copy=False)


def _first_of_each(whose: NDArray[np.int32], activity: NDArray[np.int32]) -> Mask:
    """Rows that are the first of their activity and unit; rows without an activity stand for themselves."""
    first = activity < 0
    named = np.flatnonzero(~first)
    both = whose[named].astype(np.int64) << 32 | activity[named]
    first[named[np.unique(both, return_index=True)[1]]] = True
    return first


def _combined(*columns: Coded) -> NDArray[np.int64]:
    combined = np.zeros(len(columns[0].codes), np.int64)
    for column in columns:
        combined = combined * len(column.values) + column.codes
    return combined


def _taken_apart(codes: NDArray[np.int64], *columns: Coded) -> list[tuple[int, ...]]:
    apart: list[NDArray[np.int64]] = []
    for column in reversed(columns):
        codes, code = np.divmod(codes, max(1, len(column.values)))
        apart.append(code)
    return [tuple(int(code) for code in each) for each in zip(*reversed(apart), strict=True)]
