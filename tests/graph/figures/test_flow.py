"""Journey flow against counting by hand, path by path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.figures.flow import FlowRules, Step, journey_flow
from tests.steps import steps

PATHS = st.lists(st.lists(st.sampled_from("abcd"), max_size=8), max_size=15)
RULES = st.builds(
    FlowRules,
    start=st.sampled_from([None, "a"]),
    end=st.sampled_from([None, "c"]),
    max_steps=st.integers(2, 6),
    by_step=st.booleans(),
    min_customers=st.integers(1, 4),
)


@given(paths=PATHS, rules=RULES)
def test_totals_agree_whatever_is_hidden(paths: list[list[str]], rules: FlowRules) -> None:
    """Of every node: visits = starts + traversals in = exits + cut + traversals out, shown and hidden."""
    flow = journey_flow(steps(paths), rules)

    for step, node in flow.nodes.items():
        shown_in = sum(link.traversals for (_, target), link in flow.links.items() if target == step)
        shown_out = sum(link.traversals for (source, _), link in flow.links.items() if source == step)
        assert node.visits == node.starts + shown_in + node.hidden_in
        assert node.visits == node.exits + node.cut + shown_out + node.hidden_out
        assert node.customers >= rules.min_customers


@given(paths=PATHS, rules=RULES)
def test_a_flow_is_what_one_counts_path_by_path(paths: list[list[str]], rules: FlowRules) -> None:
    """Visits, customers, starts, exits, cuts, traversals and medians of every node and link."""
    flow = journey_flow(steps(paths), rules)
    nodes, links = _counted(paths, rules)

    assert {step: (n.visits, n.customers, n.starts, n.exits, n.cut) for step, n in flow.nodes.items()} == {
        step: tuple(counts) for step, counts in nodes.items() if counts[1] >= rules.min_customers
    }
    for ends, link in flow.links.items():
        seconds, customers = links[ends]
        assert (link.traversals, link.customers) == (len(seconds), len(customers))
        assert link.median_seconds == pytest.approx(median(seconds))
    shown = {
        ends for ends, (_, who) in links.items() if len(who) >= rules.min_customers and set(ends) <= set(flow.nodes)
    }
    assert set(flow.links) == shown


def _counted(
    paths: Sequence[Sequence[str]], rules: FlowRules
) -> tuple[dict[Step, list[int]], dict[tuple[Step, Step], tuple[list[float], set[int]]]]:
    """By step [visits, customers, starts, exits, cut]; by link the seconds of its traversals and who took it."""
    nodes: dict[Step, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    links: dict[tuple[Step, Step], tuple[list[float], set[int]]] = defaultdict(lambda: ([], set()))
    for number, path in enumerate(paths):
        timed = list(enumerate(path))
        if rules.start is not None:
            timed = timed[path.index(rules.start) :] if rules.start in path else []
        keys = [key for _, key in timed]
        first, is_cut = 0, False
        if rules.end is not None:
            timed = timed[: keys.index(rules.end) + 1] if rules.end in keys else []
            if rules.start is not None and len(timed) > rules.max_steps:
                continue
            timed = timed[-rules.max_steps :]
            first = 0 if rules.start is not None else 1 - len(timed)
        else:
            is_cut, timed = len(timed) > rules.max_steps, timed[: rules.max_steps]
        walked: list[Step] = [(p if rules.by_step else None, key) for p, (_, key) in enumerate(timed, first)]
        for step in walked:
            nodes[step][0] += 1
        for step in set(walked):
            nodes[step][1] += 1
        if walked:
            nodes[walked[0]][2] += 1
            nodes[walked[-1]][4 if is_cut else 3] += 1
        for (a, b), (begin, end) in zip(pairwise(walked), pairwise(timed), strict=True):
            links[a, b][0].append(float(end[0] ** 2 - begin[0] ** 2))
            links[a, b][1].add(number)
    return nodes, links
