"""The tree of joins of a customer: every record once, over the strongest ties there are."""

from __future__ import annotations

import random
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest

from graph.linkage.bridges import bridges
from graph.linkage.cluster import Clusters, Edges
from graph.linkage.drawings import Branch, joined_tree
from graph.linkage.link import link, train
from graph.linkage.ties import Bridge, Join, tied
from graph.linkage.tree import TreeNode, TreeRecord, match_tree
from tests.graph.linkage.people import silos, table

MARA = {"first_name": "Mara", "last_name": "Lindqvist", "birth_date": "1980-03-04"}


def _clusters(size: int, seed: int, weights: list[float]) -> Clusters:
    drawn = random.Random(seed)
    pairs = list(combinations(range(size), 2))
    left, right = np.array(pairs, np.int32).T
    bits = np.array([drawn.choice(weights) for _ in pairs], np.float32)
    return Clusters(np.zeros(size, np.int32), Edges(left, right, bits), 0)


def _heaviest(edges: Edges, size: int) -> float:
    """The weight of a maximum spanning tree, grown from row 0."""
    weight = {frozenset((one, two)): bits for one, two, bits in zip(*map(list, _columns(edges)), strict=True)}
    inside, total = {0}, 0.0
    while len(inside) < size:
        ways = [(weight[frozenset((one, two))], two) for one in inside for two in range(size) if two not in inside]
        best, row = max(ways)
        inside.add(row)
        total += best
    return total


def _columns(edges: Edges) -> tuple[list[int], list[int], list[float]]:
    return edges.left.tolist(), edges.right.tolist(), edges.bits.tolist()


@pytest.mark.parametrize("seed", range(40))
def test_strongest_ties_and_bridges_are_a_maximum_spanning_tree(seed):
    """Whatever the weights, many of them equal: as many ties as a tree has, and none heavier."""
    size = 2 + seed % 11
    clusters = _clusters(size, seed, [2.0, 5.0, 5.0, 9.0] if seed % 2 else [x / 7 for x in range(-20, 200)])
    rows, others, bits = tied(clusters)

    between = bridges(clusters, rows, others)

    ties = [*zip(rows.tolist(), others.tolist(), bits.tolist(), strict=True), *zip(*_columns(between), strict=True)]
    found = {frozenset((one, two)): weight for one, two, weight in ties}
    assert len(found) == size - 1
    assert sum(found.values()) == pytest.approx(_heaviest(clusters.inside, size), abs=1e-3)


def test_two_pairs_of_one_person_are_bridged_by_the_linkage():
    """Each record's strongest tie stays within its pair; one bridge leads over, and the tree holds all four."""
    model = train(silos(300, seed=1)[0])
    old = dict(MARA, email="mara@old.test", phone="+46701740605")
    new = dict(MARA, email="mara@new.test", phone="+46701740699")
    linkage = link(table([dict(old), dict(old), dict(new), dict(new)]), model=model)

    joins = linkage.joins()

    assert set(linkage.labels.tolist()) == {0}
    assert [(join.record_id, join.other_id) for join in joins] == [("0", "1"), ("1", "0"), ("2", "3"), ("3", "2")]
    (bridge,) = [(join.record_id, each) for join in joins for each in join.bridges]
    assert (bridge[0] in "01", bridge[1].other_id in "23") == (True, True)
    assert {field for field, _, bits in bridge[1].evidence if bits > 0} >= {"first_name", "birth_date"}
    nodes = match_tree([TreeRecord(join.record_id, join.rule, join) for join in joins])
    assert sorted(node.key for node in nodes) == ["0", "1", "2", "3"]
    assert [node.rule for node in nodes[1:]] == ["weights"] * 3


def test_the_root_is_the_older_end_of_the_strongest_tie():
    """Below it the stronger joins come first, each record once and after the one it was joined to."""
    records = [
        TreeRecord("a/p/1", "weights", Join("a/p/1", "b/p/1", 9.0, "weights", ()), created_at=5),
        TreeRecord("b/p/1", "weights", Join("b/p/1", "c/p/1", 20.0, "weights", ()), created_at=9),
        TreeRecord("c/p/1", "weights", Join("c/p/1", "b/p/1", 20.0, "weights", ()), created_at=7),
        TreeRecord("d/p/1", "decision", Join("d/p/1", "b/p/1", 12.0, "decision", ())),
    ]

    nodes = match_tree(records)

    assert [(node.key, node.depth, node.parent, node.bits) for node in nodes] == [
        ("c/p/1", 0, None, None),
        ("b/p/1", 1, "c/p/1", 20.0),
        ("d/p/1", 2, "b/p/1", 12.0),
        ("a/p/1", 2, "b/p/1", 9.0),
    ]
    assert match_tree(list(reversed(records))) == nodes


def test_a_mention_hangs_on_who_has_its_identifier_and_what_no_tie_leads_to_on_the_root():
    """So every record of the customer stands in the tree, also where nothing was kept about how it came there."""
    records = [
        TreeRecord("a/p/1", "weights", Join("a/p/1", "b/p/1", 9.0, "weights", ()), ("email:ada@x.test",), 1),
        TreeRecord("b/p/1", "weights", Join("b/p/1", "a/p/1", 9.0, "weights", ()), ("phone:+461",), 2),
        TreeRecord("s/mention/phone:+461", "identifier", None, ("phone:+461",)),
        TreeRecord("z/p/1", "first record"),
    ]

    nodes = {node.key: node for node in match_tree(records)}

    assert nodes["s/mention/phone:+461"] == TreeNode(
        "s/mention/phone:+461", 2, "identifier", "b/p/1", identifier="phone:+461"
    )
    assert (nodes["z/p/1"].parent, nodes["z/p/1"].rule, nodes["z/p/1"].bits) == ("a/p/1", "cluster", None)
    assert len(nodes) == 4
    assert match_tree([]) == ()


def test_a_tie_to_a_record_of_somebody_else_is_no_tie():
    """Evidence that names a record that is gone leads nowhere."""
    gone = Join("a/p/1", "gone/p/9", 30.0, "weights", (), (Bridge("b/p/1", 4.0, "weights", ()),))

    nodes = match_tree([TreeRecord("a/p/1", "weights", gone), TreeRecord("b/p/1", "first record")])

    assert [(node.key, node.bits) for node in nodes] == [("a/p/1", None), ("b/p/1", 4.0)]


def test_a_tree_is_drawn_with_each_join():
    """Every record stands as text with its rule, its line and its bits; markup in a name stays text."""
    nodes = [TreeNode("a/p/1", 0, "root"), TreeNode("b/p/1", 1, "weights", "a/p/1", 9.25, (("email", "same", 9.0),))]
    branches = [Branch(nodes[0], "Ada <script>", ""), Branch(nodes[1], "A. Byron", "same e-mail ada@x.test")]

    drawn = joined_tree(branches, "Ada (0197)", "m-1")

    texts = [
        "".join(text.itertext()) for text in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert "a/p/1 · Ada <script>" in texts
    assert "weights: same e-mail ada@x.test" in texts
    assert "+9.2" in texts or "+9.3" in texts
    assert "2 records, linkage model m-1" in texts
    assert "<script" not in drawn
