"""The tree of joins of one customer of the store, told with what the records say."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from connectors.records import Person, Record, decode
from graph.customer.called import customer_called
from graph.cypher import cypher
from graph.linkage.explain import Evidence, evidence_line, explain
from graph.linkage.model import LinkageModel
from graph.linkage.ties import Join
from graph.linkage.tree import TreeNode, TreeRecord, match_tree, node_line
from graph.store.driver import Store
from graph.sync.models import readable_model
from graph.sync.people import table_of


class Joined(msgspec.Struct, frozen=True):
    """A record in the tree, as people read it."""

    node: TreeNode
    name: str | None
    """What the record calls the person; None where it says no name."""
    line: str
    """Its strongest evidence in words, with the values; "" for the root."""


class CustomerTree(msgspec.Struct, frozen=True):
    """A customer and the joins that made them."""

    customer: str
    name: str | None
    model: str | None
    """The linkage model in force; None when this version cannot read it."""
    records: tuple[Joined, ...]
    """Depth first: each follows the one it was joined to."""


async def customer_tree(store: Store, who: str) -> CustomerTree:
    """The tree of the customer of this id, former id or e-mail address; raises CustomerNotCalled."""
    id, name = await customer_called(store, who)
    in_force = await readable_model(store)
    model = None if in_force is None else in_force.model
    records: list[TreeRecord] = []
    bodies: dict[str, Record] = {}
    for key, created_at, rule, evidence, identifiers, body in await store.read(cypher("writes/read_tree"), id=id):
        join = None if evidence is None else msgspec.json.decode(evidence, type=Join)
        records.append(TreeRecord(key, rule or "", join, tuple(identifiers), created_at))
        if body is not None:
            bodies[key] = decode(body)
    persons = {key: body for key, body in bodies.items() if isinstance(body, Person)}
    told = [Joined(node, _name(persons.get(node.key)), _line(node, persons, model)) for node in match_tree(records)]
    return CustomerTree(id, name, None if model is None else model.version, tuple(told))


def _name(person: Person | None) -> str | None:
    if person is None:
        return None
    return person.full_name or " ".join(part for part in (person.given_name, person.family_name) if part) or None


def _line(node: TreeNode, persons: Mapping[str, Person], model: LinkageModel | None) -> str:
    """The words of `node_line`; both values stand in them where both records are there to be asked."""
    said = node.strongest
    if said is None or node.parent is None or model is None or not {node.key, node.parent} <= persons.keys():
        return node_line(node)
    field, level, bits = said
    pair = explain(table_of([persons[node.parent], persons[node.key]]), model, node.parent, node.key)
    values = next(((item.left, item.right) for item in pair.evidence if item.field == field), None)
    return node_line(node) if values is None else evidence_line(Evidence(field, *values, level, bits))
