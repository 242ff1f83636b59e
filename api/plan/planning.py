"""The plan of an operation, made once for all requests of one shape, and kept.

It depends on the operation's text, its name, the role of who asks and the *shape* of its variables; their values are
parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.values import VariableValues

from api.plan.access import Forbidden
from api.plan.connection import DEFAULT_PAGE
from api.plan.cost import INTROSPECTION
from api.plan.ids import type_in
from api.plan.kept import Kept, document_bytes, value_bytes
from api.plan.roots import (
    RootPlan,
    plan_root,
)
from api.plan.select import Selector, reads
from api.plan.values import Variables
from graph.keys import Role

PLAN_BYTES = 64_000_000
_ROOT = 8_000
_OCCURRENCE = 12_000
_CYPHER = 5
"""Bytes of a planned root field, for each field with arguments in it, and for each character of its queries."""


@dataclass(slots=True, eq=False)
class Operation:
    """A valid document and the operation of it that is meant."""

    document: DocumentNode
    node: OperationDefinitionNode
    hash: bytes
    _variables: Variables | None = None

    def variables(self, schema: GraphQLSchema) -> Variables:
        """What it defines, worked out once."""
        if self._variables is None:
            self._variables = Variables(schema, self.node)
        return self._variables

    @property
    def name(self) -> str | None:
        return self.node.name.value if self.node.name else None


@dataclass(frozen=True, slots=True)
class Plan:
    """The planned root fields by response key; an error where one cannot be planned."""

    roots: Mapping[str, RootPlan | GraphQLError]
    keys: Mapping[str, str | None]
    """All response keys in their order, with the value where the plan knows it: the type's name."""
    introspects: bool
    """Whether the schema itself is asked for, which only graphql-core can tell."""
    points: int = 0
    """What is asked beside the planned fields costs."""
    works: bool = False
    """Whether anything of it is worked out, with a bench."""
    reckons: bool = False
    """Whether putting the answer together may take a while."""


class PlanCache:
    """The plans of the shapes of operations that were asked for last, within a number of bytes."""

    def __init__(self, most_bytes: int = PLAN_BYTES) -> None:
        self._plans: Kept[Any, Plan] = Kept(most_bytes)
        self.hits = 0
        self.misses = 0
        self.finishes = 0
        """Answers that their plans made."""
        self.walks = 0
        """Answers that graphql-core had to walk."""

    def __len__(self) -> int:
        return len(self._plans)

    @property
    def most_bytes(self) -> int:
        """How many bytes they may hold."""
        return self._plans.most_bytes

    @property
    def bytes(self) -> int:
        """About how many bytes the plans hold."""
        return self._plans.bytes

    def get(self, key: Any) -> Plan | None:
        """The plan kept under a key."""
        plan = self._plans.get(key)
        if plan is None:
            self.misses += 1
            return None
        self.hits += 1
        return plan

    def put(self, key: Any, plan: Plan, document: DocumentNode) -> None:
        """Keep a plan, which keeps its document; those not used for longest make room."""
        roots = sum(_root_bytes(root) for root in plan.roots.values() if isinstance(root, RootPlan))
        self._plans.put(key, plan, document_bytes(document) + value_bytes(key) + roots)


def _root_bytes(root: RootPlan) -> int:
    queries = [root.cypher, root.cypher_of_few]
    if root.until is not None:
        queries += [root.until.in_order, root.until.in_any, root.until.query]
    characters = sum(len(query) for query in queries if query is not None)
    return _ROOT + _OCCURRENCE * len(root.selector.occurrences) + _CYPHER * characters


def make_plan(schema: GraphQLSchema, operation: Operation, values: VariableValues, role: Role = Role.ADMIN) -> Plan:
    """Plan every root field of an operation for a role; raises Forbidden when it asks for what the role may not have.

    Then nothing of the operation is executed: a change whose answer is refused must not have been made.
    """
    query = schema.get_root_type(operation.node.operation)
    assert query is not None
    fragments = {
        node.name.value: node for node in operation.document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    roots: dict[str, RootPlan | GraphQLError] = {}
    keys: dict[str, str | None] = {}
    introspects, points = False, 0
    found: dict[str, list[Any]] = {}
    Selector(schema, fragments, values)._collect(query, operation.node.selection_set.selections, found, set())
    for key, nodes in found.items():
        name = nodes[0].name.value
        keys[key] = query.name if name == "__typename" else None
        if name.startswith("__"):
            if name != "__typename":
                introspects, points = True, points + INTROSPECTION
            continue
        selector = Selector(schema, fragments, values, role)
        selector.permit(query, nodes)
        try:
            roots[key] = plan_root(selector, reads(query.fields[name]), query.fields[name], nodes)
        except Forbidden:
            raise
        except GraphQLError as error:
            roots[key] = error
    planned = [root for root in roots.values() if isinstance(root, RootPlan)]
    works = any(root.work is not None or root.selector.needs_journeys or root.selector.later for root in planned)
    return Plan(roots, keys, introspects, points, works, any(root.selector.reckons for root in planned))


def variables_shape(defined: Variables, values: VariableValues) -> Any:
    """What of the variables a plan depends on: which there are, booleans, enum values, types of ids, page buckets."""
    return tuple([(name, _shape(defined.types[name], value)) for name, value in values.coerced.items()])


def _shape(type_: Any, value: Any) -> Any:
    if is_non_null_type(type_):
        return _shape(type_.of_type, value)
    if value is None or isinstance(value, bool | Enum):
        return value
    if is_list_type(type_):
        items = tuple(_shape(type_.of_type, item) for item in value)
        # A list of plain values is one parameter, however long; which they are may matter, enums in their order.
        inner = get_named_type(type_)
        if isinstance(inner, GraphQLInputObjectType):
            return items
        return tuple(dict.fromkeys(items)) if isinstance(inner, GraphQLEnumType) else frozenset(items)
    if isinstance(type_, GraphQLInputObjectType):
        return tuple((name, _shape(type_.fields[name].type, item)) for name, item in value.items())
    if type_ is GraphQLID:
        return type_in(value)
    return value <= DEFAULT_PAGE if isinstance(value, int) else "value"
