"""What customers do on the way: how long they stay with a function, what comes before a ticket or a conversion."""

from __future__ import annotations

from typing import Any

import numpy as np

from graph.answers.like_cypher import DAY_MS, Ints, Rows, Values, milliseconds, percentile, rounded
from graph.journeys.journeys import Journeys
from graph.journeys.part import Coded


def dwell(journeys: Journeys, values: Values) -> Rows:
    """How long customers stay with a function, by the next one."""
    view = journeys.view()
    function = view.coded("function")
    at = view.at
    said = ~view.flags("automated") & (function.codes >= 0)
    rows = np.flatnonzero(said & (at >= milliseconds(values["since"])) & (at < milliseconds(values["until"])))
    unit, code = view.unit[rows], function.codes[rows].astype(np.int64)
    begins = np.flatnonzero(np.concatenate([[True], (unit[1:] != unit[:-1]) | (code[1:] != code[:-1])])[: len(rows)])
    steps = np.diff(np.append(begins, len(rows)))
    unit, code, at = unit[begins], code[begins], at[rows][begins]
    goes_on = np.append(unit[1:] == unit[:-1], False)[: len(unit)]
    then = np.where(goes_on, np.append(code[1:], -1)[: len(code)], -1)
    days = np.where(goes_on, (np.append(at[1:], 0)[: len(at)] - at) / DAY_MS, np.nan)
    found: Rows = []
    for group, chosen in _groups(code * (len(function.values) + 1) + then + 1):
        first, next_one = divmod(group, len(function.values) + 1)
        name = function.values[next_one - 1] if next_one else None
        mean = rounded(10 * steps[chosen].sum() / len(chosen)) / 10
        times = [percentile(days[chosen], p) for p in (0.5, 0.9)] if name else [None, None]
        counts = [len(chosen), len(np.unique(unit[chosen]))]
        found.append([function.values[first], name, *counts, mean, *times])
    return sorted(found, key=lambda row: (row[0], -row[2], row[1] is None, row[1] or ""))


def paths_to_ticket(journeys: Journeys, values: Values) -> Rows:
    """The steps before an interaction of that kind."""
    view = journeys.view()
    kind, at, most = view.coded("kind"), view.at, int(values["steps"])
    reached = kind.among(values["kind"]) & (at >= milliseconds(values["since"])) & (at < milliseconds(values["until"]))
    to, by_people = np.flatnonzero(reached), np.flatnonzero(~view.flags("automated"))
    place = np.searchsorted(by_people, to)
    path = np.zeros(len(to), np.int64)
    seen: list[tuple[str, ...]] = [()]  # paths by number, the nearest step first
    for back in range(1, most + 1):
        there = place >= back
        step = np.full(len(to), -1, np.int64)
        rows = by_people[place[there] - back]
        step[there] = np.where(view.unit[rows] == view.unit[to[there]], kind.codes[rows], -1)
        both, path = np.unique(path * (len(kind.values) + 1) + step + 1, return_inverse=True)
        seen = [_longer(seen, kind, int(one)) for one in both]
    tickets = np.bincount(path, minlength=len(seen))
    pairs = np.unique(path.astype(np.int64) << 32 | view.unit[to])
    customers = np.bincount(pairs >> 32, minlength=len(seen))
    found: Rows = [
        [" > ".join((*reversed(steps), values["kind"])), int(many), int(people)]
        for steps, many, people in zip(seen, tickets, customers, strict=True)
        if many
    ]
    return sorted(found, key=lambda row: (-row[1], row[0]))[: int(values["top"])]


def conversion_sequences(journeys: Journeys, values: Values) -> Rows:
    """The touches before a first conversion, and those of customers who did not convert."""
    view = journeys.view()
    now, until = milliseconds(values["now"]), milliseconds(values["until"])
    name = values["dimension"] if values["dimension"] in ("channel", "kind", "function") else "campaign"
    key, at, goal = view.coded(name), view.at, view.kinds(*values["goal"])
    counted = ~view.flags("automated") & (at < until) & (at <= now)
    converted = view.first_by_unit(counted & goal & (at >= milliseconds(values["since"])))
    has = converted >= 0
    end = np.full(len(converted), min(until, now))
    end[has] = at[converted[has]]
    rows = np.flatnonzero(counted & ~goal & (key.codes >= 0))
    unit = view.unit[rows]
    before = ~has[unit] | (rows < converted[unit])
    rows = rows[before & (at[rows] >= end[unit] - int(values["lookback_days"]) * DAY_MS)]
    bounds = np.searchsorted(view.unit[rows], np.arange(len(converted) + 1))
    amounts, currencies, codes = view.numbers("amount"), view.coded("currency"), key.codes[rows]
    sums: dict[tuple[bytes, str | None], list[Any]] = {}
    for number in np.flatnonzero(has | (np.diff(bounds) > 0)).tolist():
        row = int(converted[number])
        amount = float(amounts[row]) if row >= 0 else np.nan
        currency = None if np.isnan(amount) else currencies.at(row)
        path = codes[bounds[number] : bounds[number + 1]].tobytes()
        group = sums.setdefault((path, currency), [0, 0, 0.0])
        group[0 if row >= 0 else 1] += 1
        group[2] += 0.0 if np.isnan(amount) else amount
    found: Rows = [
        [_texts(path, key), with_it, without, None if currency is None else amount, currency]
        for (path, currency), (with_it, without, amount) in sums.items()
    ]
    return sorted(
        found,
        key=lambda row: (-row[1], -row[2], "".join(f"{text} " for text in row[0]), row[4] is None, row[4] or ""),
    )


def _groups(keys: Ints) -> list[tuple[int, Ints]]:
    """The distinct keys with the places of each."""
    order = np.argsort(keys, kind="stable")
    found, first = np.unique(keys[order], return_index=True)
    return list(zip(found.tolist(), np.split(order, first[1:]), strict=True)) if len(found) else []


def _longer(seen: list[tuple[str, ...]], kind: Coded, both: int) -> tuple[str, ...]:
    before, step = divmod(both, len(kind.values) + 1)
    return (*seen[before], kind.values[step - 1]) if step else seen[before]


def _texts(path: bytes, key: Coded) -> list[str]:
    return [key.values[code] for code in np.frombuffer(path, np.int32)]
