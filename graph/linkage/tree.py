"""The tree of joins of one customer: which record was joined to which, and by what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from graph.linkage.fields import LABELS
from graph.linkage.ties import Join


class TreeRecord(msgspec.Struct, frozen=True):
    """A record as it describes its customer; what `match_tree` makes a tree of."""

    key: str
    rule: str
    """Of its own strongest tie; `identifier` for a mention, `first record` where there is none."""
    join: Join | None = None
    identifiers: tuple[str, ...] = ()
    """Keys of its identifiers, e.g. `email:ada@x.test`: a mention hangs on one of them."""
    created_at: int | None = None
    """Epoch milliseconds, in its source."""


class TreeNode(msgspec.Struct, frozen=True, omit_defaults=True):
    """One record of a customer, below the record that it was joined to."""

    key: str
    depth: int
    rule: str
    """What tied it: `weights`, `external_id`, `decision`, `identifier` (a mention); `root` for the first one; `cluster`
    where no tie is kept and the mean of all pairs decided."""
    parent: str | None = None
    bits: float | None = None
    """Of the tie; None where no weight made it."""
    evidence: tuple[tuple[str, str, float], ...] = ()
    """(field, level, bits) of what the two records both say, strongest first."""
    identifier: str | None = None
    """The identifier that a mention shares with its parent."""

    @property
    def strongest(self) -> tuple[str, str, float] | None:
        """The (field, level, bits) that speaks most for the join."""
        return max(self.evidence, key=lambda item: item[2], default=None)


def match_tree(records: Sequence[TreeRecord]) -> tuple[TreeNode, ...]:
    """The maximum-weight spanning tree of a customer's ties, depth first; each record stands in it once.

    The root is an end of the strongest tie: of its two records the one that its source made first. Below a record the
    stronger ties come first. A mention hangs on the first record that has its identifier. What no tie leads to hangs
    on the root. Deterministic whatever the order of `records`; empty without any.
    """
    known = {record.key: record for record in sorted(records, key=lambda record: record.key)}
    if not known:
        return ()
    ties = _spanning(known, [tie for record in known.values() if record.join for tie in record.join.ties()])
    root = _root(known, ties)
    near: dict[str, list[tuple[str, Join]]] = defaultdict(list)
    for tie in ties:
        near[tie.record_id].append((tie.other_id, tie))
        near[tie.other_id].append((tie.record_id, tie))
    above = {root: TreeNode(root, 0, "root")}
    _hang(root, near, above)
    for key, record in known.items():
        if key not in above and record.rule != "identifier":
            above[key] = TreeNode(key, 1, "cluster", root)
            _hang(key, near, above)
    for key in [key for key in known if key not in above]:
        above[key] = _mention(known[key], known, above, root)
    return _depth_first(root, above)


def node_line(node: TreeNode) -> str:
    """What speaks most for a join, in words: "same e-mail (+11.2 bits)"; "" for the root."""
    if node.rule == "root":
        return ""
    if node.rule == "identifier":
        kind, _, named = (node.identifier or "").partition(":")
        return f"same {LABELS.get(kind, kind)} {named}".rstrip() if kind else "its identifier"
    if node.rule == "cluster":
        return "the mean of all pairs"
    if node.strongest is None:
        return node.rule.replace("_", " ")
    field, level, bits = node.strongest
    return f"{level} {LABELS.get(field, field.replace('_', ' '))} ({bits:+.1f} bits)"


def _spanning(known: Mapping[str, TreeRecord], ties: Iterable[Join]) -> list[Join]:
    """Kruskal's algorithm over the ties between known records; equal ones in the order of their records' keys."""
    group = {key: key for key in known}

    def find(key: str) -> str:
        while group[key] != key:
            key = group[key]
        return key

    def rank(tie: Join) -> tuple[float, str, str]:
        return (-tie.bits, *sorted((tie.record_id, tie.other_id)))  # type: ignore[return-value]

    kept: list[Join] = []
    for tie in sorted((tie for tie in ties if {tie.record_id, tie.other_id} <= known.keys()), key=rank):
        one, two = find(tie.record_id), find(tie.other_id)
        if one != two:
            group[two] = one
            kept.append(tie)
    return kept


def _root(known: Mapping[str, TreeRecord], ties: Sequence[Join]) -> str:
    ends = (ties[0].record_id, ties[0].other_id) if ties else known
    people = [key for key in ends if known[key].rule != "identifier"]

    def age(key: str) -> tuple[bool, int, str]:
        at = known[key].created_at
        return at is None, at or 0, key

    return min(people or ends, key=age)


def _hang(top: str, near: Mapping[str, Sequence[tuple[str, Join]]], above: dict[str, TreeNode]) -> None:
    """All that ties lead to from `top`, each below the record that it was reached from."""
    waiting = [top]
    for here in waiting:
        for there, tie in near.get(here, ()):
            if there not in above:
                depth = above[here].depth + 1
                above[there] = TreeNode(there, depth, tie.rule, here, round(tie.bits, 2), tie.evidence)
                waiting.append(there)


def _mention(
    mention: TreeRecord, known: Mapping[str, TreeRecord], above: Mapping[str, TreeNode], root: str
) -> TreeNode:
    for key in above:
        shared = sorted(set(mention.identifiers) & set(known[key].identifiers))
        if shared:
            return TreeNode(mention.key, above[key].depth + 1, "identifier", key, identifier=shared[0])
    return TreeNode(mention.key, 1, "identifier", root)


def _depth_first(root: str, above: Mapping[str, TreeNode]) -> tuple[TreeNode, ...]:
    below: dict[str, list[TreeNode]] = defaultdict(list)
    for node in above.values():
        if node.parent is not None:
            below[node.parent].append(node)
    found: list[TreeNode] = []
    waiting = [above[root]]
    while waiting:
        node = waiting.pop()
        found.append(node)
        children = sorted(below[node.key], key=lambda child: (child.bits is None, -(child.bits or 0.0), child.key))
        waiting += reversed(children)
    return tuple(found)
