"""Values of variables and arguments are graphql-core's, also where they are had in a shorter way."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from graphql import FieldNode, GraphQLError, OperationDefinitionNode, build_schema, parse
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values

from api.plan.values import Variables, coercion

SCHEMA = build_schema(
    """
    enum Order { UP DOWN }
    input Range @oneOf { from: Int to: Int }
    input Filter { order: Order = UP names: [String!] range: Range inner: Filter }
    type Query {
      plain: Int
      found(id: ID, first: Int = 20, last: Int! = 3, order: Order, filter: Filter, names: [String!]! = ["a"]): Int
      needed(id: ID!, first: Int): Int
    }
    """
)
FOUND = "query Q($id: ID, $n: Int, $m: Int = 7, $order: Order, $filter: Filter, $names: [String!]) { %s }"
FIELDS = (
    "plain",
    "found",
    'found(id: "x", first: 2, order: DOWN, filter: {inner: {names: "one"}})',
    "found(id: $id)",
    "found(first: $n, id: $id, order: $order)",
    "found(first: $m, last: 5)",
    "found(filter: $filter)",
    "found(filter: {order: $order, inner: {range: {from: 1}}}, first: 1)",
    'found(names: ["a", "b"], id: null)',
)
GIVEN: tuple[dict[str, Any], ...] = (
    {},
    {"id": "a", "n": 3, "order": "DOWN"},
    {"id": None, "n": None, "m": None, "order": None, "filter": None},
    {"id": 7, "n": "3"},
    {"order": "SIDEWAYS"},
    {"filter": {"inner": {"order": "DOWN", "range": {"to": 3}}}, "unknown": 1},
    {"filter": {"range": {"to": 3, "from": 4}}},
    {"filter": {"range": {}}},
    {"filter": {"names": "one"}},
    {"filter": []},
    {"n": 2**31},
    {"m": 1},
)
DEEP: dict[str, Any] = {}
for _ in range(400):
    DEEP = {"inner": DEEP}


@pytest.mark.parametrize("field", FIELDS)
def test_arguments_are_those_of_graphql_core_the_second_time_too(field: str) -> None:
    """For every field and all values: the same arguments, or an error in both."""
    operation, node = _parsed(FOUND % field)
    definition = SCHEMA.query_type.fields[node.name.value]  # type: ignore[union-attr]
    variables, coerce = Variables(SCHEMA, operation), coercion(definition, node)

    for given, _ in product((*GIVEN, {"filter": DEEP}), range(2)):
        values = variables.coerced(given)
        expected = get_variable_values(SCHEMA, operation.variable_definitions or (), given, max_errors=20)
        if isinstance(expected, list):
            assert isinstance(values, list)
            assert [str(error) for error in values] == [str(error) for error in expected]
            continue
        assert isinstance(values, VariableValues)
        assert values.coerced == expected.coerced
        assert _sent(values) == _sent(expected)
        assert coerce(values) == get_argument_values(definition, node, expected)


def test_an_argument_that_must_be_there_is_refused_as_graphql_core_refuses_it() -> None:
    """A variable that may be null, given for an argument that may not, is an error in the same words."""
    operation, node = _parsed("query Q($id: ID, $n: Int) { needed(id: $id, first: $n) }")
    definition = SCHEMA.query_type.fields["needed"]  # type: ignore[union-attr]
    variables, coerce = Variables(SCHEMA, operation), coercion(definition, node)
    told = variables.coerced({"id": "a", "n": 2})
    assert isinstance(told, VariableValues)
    assert coerce(told) == {"id": "a", "first": 2}

    for given in ({}, {"id": None}):
        values = variables.coerced(given)
        assert isinstance(values, VariableValues)
        with pytest.raises(GraphQLError) as ours:
            coerce(values)
        with pytest.raises(GraphQLError) as theirs:
            get_argument_values(definition, node, values)
        assert str(ours.value) == str(theirs.value)


def test_what_one_request_does_to_its_arguments_no_other_sees() -> None:
    """Literal arguments are kept, and handed out as a copy."""
    operation, node = _parsed(FOUND % "found(first: 2)")
    coerce = coercion(SCHEMA.query_type.fields["found"], node)  # type: ignore[union-attr]
    values = Variables(SCHEMA, operation).coerced({})
    assert isinstance(values, VariableValues)
    coerce(values)
    coerce(values)["first"] = 9
    assert coerce(values)["first"] == 2


def _sent(values: VariableValues) -> dict[str, Any]:
    return {name: source.value for name, source in values.sources.items()}


def _parsed(query: str) -> tuple[OperationDefinitionNode, FieldNode]:
    operation = parse(query).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    node = operation.selection_set.selections[0]
    assert isinstance(node, FieldNode)
    return operation, node
