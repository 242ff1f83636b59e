"""The tree of joins of a customer: which record was joined to which, and by what."""

from __future__ import annotations

from typing import Any

import msgspec
import strawberry

from api.plan.fields import described, entry, lookup
from api.plan.ids import encode_id
from api.schema.source import MatchField, SourceRecord
from graph.customer import reading
from graph.linkage.ties import Join
from graph.linkage.tree import TreeNode, TreeRecord, match_tree, node_line
from graph.reading import Column

TREE_COLUMNS = (
    Column("key"),
    Column("created_at", instant=True),
    Column("rule", "how"),
    Column("evidence", "how"),
    Column("", "identifiers"),
    Column("version", "model"),
)


@described
class MatchTreeNode:
    """A record in its customer's tree, below the record that it was joined to."""

    record_id: strawberry.ID = entry("Its id.")
    record_key: str = entry("Its key.", "key")
    source_record: SourceRecord | None = lookup(reading.SOURCE_RECORDS, "key", "The record.", key=Column("key"))
    depth: int = entry("How many joins lie between it and the root; 0 is the root.")
    joined_to_id: strawberry.ID | None = entry("Id of the record it was joined to; null for the root.")
    joined_to_key: str | None = entry("Key of the record it was joined to; null for the root.", "parent")
    rule: str = entry(
        "What tied it: `weights`, `external_id`, `decision`, or `identifier` for a mention; `root` for the root; "
        "`cluster` where the mean of all pairs decided and no single tie is kept."
    )
    weight_bits: float | None = entry("The weight of the tie, in bits; null where none made it.", "bits")
    strongest: MatchField | None = entry("What speaks most for it.")
    fields: list[MatchField] = entry("Field by field, the strongest first.", default=())
    line: str = entry("Its strongest evidence in words; empty for the root.")


@described
class MatchTree:
    """The joins of a customer as a maximum-weight spanning tree: every record stands in it once."""

    model_version: str | None = entry("The linkage model in force; null before the first is trained.")
    nodes: list[MatchTreeNode] = entry("The records, depth first: each follows the one it was joined to.")


def folded_tree(rows: list[list[Any]]) -> dict[str, Any]:
    """Rows of `TREE_COLUMNS` as the tree that sub-fields read."""
    records = [
        TreeRecord(
            key=key,
            rule=rule or "",
            join=None if evidence is None else msgspec.json.decode(evidence, type=Join),
            identifiers=tuple(identifiers),
            created_at=created_at,
        )
        for key, created_at, rule, evidence, identifiers, _ in rows
    ]
    return {
        "model_version": next((row[5] for row in rows), None),
        "nodes": [_node(node) for node in match_tree(records)],
    }


def _node(node: TreeNode) -> dict[str, Any]:
    return {
        "record_id": encode_id("SourceRecord", node.key),
        "key": node.key,
        "depth": node.depth,
        "joined_to_id": None if node.parent is None else encode_id("SourceRecord", node.parent),
        "parent": node.parent,
        "rule": node.rule,
        "bits": node.bits,
        "strongest": None if node.strongest is None else _field(node.strongest),
        "fields": [_field(said) for said in node.evidence],
        "line": node_line(node),
    }


def _field(said: tuple[str, str, float]) -> dict[str, Any]:
    field, level, bits = said
    return {"field": field, "level": level, "bits": bits}
