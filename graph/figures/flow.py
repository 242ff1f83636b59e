"""Journey flow: how customers go from step to step in a period, counted as traversals and as distinct customers.

A customer (or account, by unit) has one path, see `steps`. With a start, the path begins at its first occurrence
(customers without it are left out); with an end, it stops there, and only paths that get there count; with an end
alone, the steps are those that led to it.

The totals agree, whatever is hidden: visits = starts + shown and hidden traversals in = exits + cut + shown and
hidden traversals out. A link or node of fewer than `min_customers` customers is hidden, so that nobody is singled out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.figures.steps import Steps, distinct, medians, numbered

Step = tuple[int | None, str]
"""Position in the path (None when steps are pooled) and key."""


@dataclass(frozen=True, slots=True)
class FlowRules:
    """Which part of each path counts, and what is shown of the whole."""

    start: str | None = None
    end: str | None = None
    max_steps: int = 5
    by_step: bool = True
    min_customers: int = 5


@dataclass(frozen=True, slots=True)
class FlowNode:
    """A step: how often and by how many it was reached, and how it was entered and left."""

    visits: int
    customers: int
    starts: int
    exits: int
    cut: int
    hidden_in: int
    hidden_out: int


@dataclass(frozen=True, slots=True)
class FlowLink:
    """A way between two steps; the median is of the time its traversals took."""

    traversals: int
    customers: int
    median_seconds: float


@dataclass(frozen=True, slots=True)
class Flow:
    """All that is shown; `customers` are those with a path, `left_out` interactions that were excluded."""

    nodes: dict[Step, FlowNode]
    links: dict[tuple[Step, Step], FlowLink]
    customers: int
    left_out: int


def journey_flow(steps: Steps, rules: FlowRules) -> Flow:
    """The flow of these paths."""
    spans = _shown(steps, rules)
    walks = _walks(steps, spans, rules)
    if not len(walks.node):
        return Flow({}, {}, 0, steps.left_out)
    ways = _ways(walks)
    kept = walks.customers >= rules.min_customers
    shown = (ways.customers >= rules.min_customers) & kept[ways.source] & kept[ways.target]
    return Flow(
        _nodes(steps, walks, ways, kept, shown),
        _links(steps, walks, ways, shown),
        int(spans.has_any.sum()),
        steps.left_out,
    )


@dataclass(frozen=True, slots=True)
class _Spans:
    """By path, which of its steps count: from `first` up to and not including `stop`."""

    first: NDArray[np.int64]
    stop: NDArray[np.int64]
    number: NDArray[np.int64]
    """The number of the first."""
    is_cut: NDArray[np.bool_]
    """Whether more would follow."""

    @property
    def has_any(self) -> NDArray[np.bool_]:
        return self.stop > self.first


def _shown(steps: Steps, rules: FlowRules) -> _Spans:
    first, stop = steps.first, steps.stop
    number, is_cut = np.zeros(len(first), np.int64), np.zeros(len(first), np.bool_)
    if rules.start is not None:
        first = _first_of(steps, rules.start, first)
        first, stop = np.where(first < 0, 0, first), np.where(first < 0, 0, stop)
    if rules.end is None:
        is_cut = stop - first > rules.max_steps
        return _Spans(first, np.minimum(stop, first + rules.max_steps), number, is_cut)
    found = _first_of(steps, rules.end, first)
    stop = np.where((found >= 0) & (stop > first), found + 1, 0)
    first = np.where(stop > 0, first, 0)
    if rules.start is not None:
        # A path that needs more steps than are shown has not got there within them.
        return _Spans(first, np.where(stop - first <= rules.max_steps, stop, first), number, is_cut)
    first = np.maximum(first, stop - rules.max_steps)
    return _Spans(first, stop, np.where(stop > 0, first - stop + 1, 0), is_cut)


def _first_of(steps: Steps, key: str, begin: NDArray[np.int64]) -> NDArray[np.int64]:
    """By path, its first step of this key from `begin` on; -1 where there is none."""
    rows = np.flatnonzero(steps.keys == steps.code(key))
    rows = rows[rows >= begin[steps.path[rows]]][::-1]
    found = np.full(len(begin), -1, np.int64)
    found[steps.path[rows]] = rows  # the first is written last
    return found


@dataclass(frozen=True, slots=True)
class _Walks:
    """The steps that count: of each its node and path; nodes are numbered as in `codes`, (position, key) in one."""

    node: NDArray[np.int64]
    path: NDArray[np.int64]
    at: NDArray[np.int64]
    codes: NDArray[np.int64]
    first_position: int
    by_step: bool
    visits: NDArray[np.int64]
    customers: NDArray[np.int64]
    cut_paths: NDArray[np.bool_]


def _walks(steps: Steps, spans: _Spans, rules: FlowRules) -> _Walks:
    path, here = steps.path, np.arange(len(steps))
    rows = np.flatnonzero((here >= spans.first[path]) & (here < spans.stop[path])) if len(steps) else here
    path = path[rows]
    position = rows - spans.first[path] + spans.number[path]
    lowest = int(position.min(initial=0))
    code = steps.keys[rows].astype(np.int64)
    if rules.by_step:
        code += (position - lowest) * len(steps.values)
    codes, node = numbered(code, int(code.max(initial=-1)) + 1)
    visits = np.bincount(node, minlength=len(codes))
    # At one position a path is once.
    customers = visits if rules.by_step else distinct(node, path, len(codes))
    return _Walks(node, path, steps.at[rows], codes, lowest, rules.by_step, visits, customers, spans.is_cut)


@dataclass(frozen=True, slots=True)
class _Ways:
    """By link: the nodes it joins, how often and by how many it was taken, and the median time in seconds."""

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    traversals: NDArray[np.int64]
    customers: NDArray[np.int64]
    seconds: NDArray[np.float64]


def _ways(walks: _Walks) -> _Ways:
    here = np.flatnonzero(walks.path[1:] == walks.path[:-1])
    size = len(walks.codes)
    both = walks.node[here] * size + walks.node[here + 1]
    codes, link = numbered(both, size * size)
    traversals = np.bincount(link, minlength=len(codes))
    customers = traversals if walks.by_step else distinct(link, walks.path[here], len(codes))
    seconds = medians(link, walks.at[here + 1] - walks.at[here], len(codes))
    return _Ways(codes // max(1, size), codes % max(1, size), traversals, customers, seconds)


def _nodes(
    steps: Steps, walks: _Walks, ways: _Ways, kept: NDArray[np.bool_], shown: NDArray[np.bool_]
) -> dict[Step, FlowNode]:
    size = len(walks.codes)
    begins = np.append(True, walks.path[1:] != walks.path[:-1])
    ends = np.append(walks.path[1:] != walks.path[:-1], True)
    cut = ends & walks.cut_paths[walks.path]
    hidden = ~shown
    columns = (
        walks.visits,
        walks.customers,
        np.bincount(walks.node[begins], minlength=size),
        np.bincount(walks.node[ends & ~cut], minlength=size),
        np.bincount(walks.node[cut], minlength=size),
        np.bincount(ways.target[hidden], ways.traversals[hidden], size).astype(np.int64),
        np.bincount(ways.source[hidden], ways.traversals[hidden], size).astype(np.int64),
    )
    found = {
        _step(steps, walks, int(number)): FlowNode(*(int(column[number]) for column in columns))
        for number in np.flatnonzero(kept)
    }
    return dict(sorted(found.items(), key=lambda item: (item[0][0] or 0, -item[1].visits, item[0][1])))


def _links(steps: Steps, walks: _Walks, ways: _Ways, shown: NDArray[np.bool_]) -> dict[tuple[Step, Step], FlowLink]:
    found = {
        (_step(steps, walks, int(ways.source[number])), _step(steps, walks, int(ways.target[number]))): FlowLink(
            int(ways.traversals[number]), int(ways.customers[number]), float(ways.seconds[number])
        )
        for number in np.flatnonzero(shown)
    }
    widest = sorted(
        found.items(), key=lambda item: (item[0][0][0] or 0, -item[1].traversals, item[0][0][1], item[0][1][1])
    )
    return dict(widest)


def _step(steps: Steps, walks: _Walks, node: int) -> Step:
    position, key = divmod(int(walks.codes[node]), len(steps.values))
    return position + walks.first_position if walks.by_step else None, steps.values[key]
