"""Journey flow: how customers go from step to step in a period, counted as traversals and as distinct customers.

A customer has one path: their interactions of the period in order, without the excluded ones, repeats collapsed if
wanted. With a start, the path begins at its first occurrence (customers without it are left out); with an end, it
stops there, and only paths that get there count; with an end alone, the steps are those that led to it.

The totals agree, whatever is hidden: visits = starts + shown and hidden traversals in = exits + cut + shown and
hidden traversals out. A link or node of fewer than `min_customers` customers is hidden, so that nobody is singled out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

ALL = 1_000_000
"""A path length that no journey reaches."""

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

    @property
    def most(self) -> int:
        """How long the paths need be that are read: one more than is shown tells an exit from a cut."""
        return self.max_steps + 1 if self.start is None and self.end is None else ALL


@dataclass(slots=True)
class FlowNode:
    """A step: how often and by how many it was reached, and how it was entered and left."""

    key: str
    step: int | None
    visits: int = 0
    starts: int = 0
    exits: int = 0
    cut: int = 0
    hidden_in: int = 0
    hidden_out: int = 0
    customers: set[int] = field(default_factory=set)


@dataclass(slots=True)
class FlowLink:
    """A way between two steps; `gaps` are the seconds each traversal took."""

    gaps: list[float] = field(default_factory=list)
    customers: set[int] = field(default_factory=set)

    @property
    def median_seconds(self) -> float:
        return float(median(self.gaps))


@dataclass(frozen=True, slots=True)
class Flow:
    """All that is shown; `customers` are those with a path, `left_out` interactions that were excluded."""

    nodes: dict[Step, FlowNode]
    links: dict[tuple[Step, Step], FlowLink]
    customers: int
    left_out: int


def journey_flow(rows: Iterable[Sequence[Any]], rules: FlowRules) -> Flow:
    """The flow, from the rows of the question `journey_paths`."""
    nodes: dict[Step, FlowNode] = {}
    links: defaultdict[tuple[Step, Step], FlowLink] = defaultdict(FlowLink)
    customers = left_out = 0
    for number, (path, out) in enumerate(rows):
        left_out += out
        shown, first, is_cut = _shown(path, rules)
        if not shown:
            continue
        customers += 1
        _count(shown, first, is_cut, number, rules, nodes, links)
    return _hide_small(nodes, links, customers, left_out, rules.min_customers)


def _shown(path: list[list[Any]], rules: FlowRules) -> tuple[list[list[Any]], int, bool]:
    """The part of a path that counts, the number of its first step, and whether more would follow."""
    keys = [key for key, _ in path]
    begin = 0
    if rules.start is not None:
        if rules.start not in keys:
            return [], 0, False
        begin = keys.index(rules.start)
    if rules.end is None:
        return path[begin : begin + rules.max_steps], 0, len(path) > begin + rules.max_steps
    if rules.end not in keys[begin:]:
        return [], 0, False
    stop = keys.index(rules.end, begin) + 1
    if rules.start is not None:
        # A path that needs more steps than are shown has not got there within them.
        return (path[begin:stop], 0, False) if stop - begin <= rules.max_steps else ([], 0, False)
    begin = max(0, stop - rules.max_steps)
    return path[begin:stop], begin - stop + 1, False


def _count(
    shown: list[list[Any]],
    first: int,
    is_cut: bool,
    customer: int,
    rules: FlowRules,
    nodes: dict[Step, FlowNode],
    links: defaultdict[tuple[Step, Step], FlowLink],
) -> None:
    before: Step | None = None
    before_at = 0
    for position, (key, at) in enumerate(shown, first):
        step: Step = (position if rules.by_step else None, key)
        node = nodes.setdefault(step, FlowNode(key, step[0]))
        node.visits += 1
        node.customers.add(customer)
        if before is None:
            node.starts += 1
        else:
            link = links[before, step]
            link.gaps.append((at - before_at) / 1000)
            link.customers.add(customer)
        before, before_at = step, at
    assert before is not None
    if is_cut:
        nodes[before].cut += 1
    else:
        nodes[before].exits += 1


def _hide_small(
    nodes: dict[Step, FlowNode],
    links: dict[tuple[Step, Step], FlowLink],
    customers: int,
    left_out: int,
    least: int,
) -> Flow:
    kept = {step: node for step, node in nodes.items() if len(node.customers) >= least}
    shown: dict[tuple[Step, Step], FlowLink] = {}
    for (source, target), link in links.items():
        if len(link.customers) >= least and source in kept and target in kept:
            shown[source, target] = link
            continue
        if source in kept:
            kept[source].hidden_out += len(link.gaps)
        if target in kept:
            kept[target].hidden_in += len(link.gaps)
    ordered = sorted(kept.items(), key=lambda item: (item[0][0] or 0, -item[1].visits, item[0][1]))
    widest = sorted(
        shown.items(), key=lambda item: (item[0][0][0] or 0, -len(item[1].gaps), item[0][0][1], item[0][1][1])
    )
    return Flow(dict(ordered), dict(widest), customers, left_out)
