"""The values of a request, coerced as graphql-core coerces them, without what is the same for every request.

Types of variables and literal arguments are worked out once, with the document or the plan. Where a value is not
plainly right, graphql-core is asked as if nothing had been tried: its errors, defaults and rules hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLInputType,
    GraphQLSchema,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    Undefined,
    VariableDefinitionNode,
    VariableNode,
    get_nullable_type,
    is_leaf_type,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import (
    VariableValues,
    VariableValueSource,
    get_argument_values,
    get_variable_values,
    input_is_nested_too_deeply,
)
from graphql.utilities.coerce_input_value import coerce_input_value

from api.plan.rows import Arguments

MOST_ERRORS = 20
Coerce = Callable[[VariableValues], Arguments]
"""The arguments of one occurrence of a field, by the values of this request's variables; raises GraphQLError."""


class Variables:
    """The variables that an operation defines."""

    def __init__(self, schema: GraphQLSchema, node: OperationDefinitionNode) -> None:
        self._schema = schema
        self._nodes = node.variable_definitions or ()
        self.types: dict[str, GraphQLInputType] = {}
        self._known: list[tuple[VariableDefinitionNode, GraphQLVariableSignature, bool]] | None = []
        for definition in self._nodes:
            signature = get_variable_signature(schema, definition)
            if isinstance(signature, GraphQLError):
                self._known = None
                break
            self.types[signature.name] = signature.type
            self._known.append((definition, signature, is_leaf_type(get_nullable_type(signature.type))))

    def coerced(self, given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
        """The values of a request, or what is wrong with them."""
        plain = self._plain(given)
        return get_variable_values(self._schema, self._nodes, given, max_errors=MOST_ERRORS) if plain is None else plain

    def _plain(self, given: dict[str, Any]) -> VariableValues | None:
        if self._known is None:
            return None
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for definition, signature, is_leaf in self._known:
            name, type_ = signature.name, signature.type
            value = given.get(name, Undefined)
            if value is Undefined:
                if definition.default_value is not None or is_non_null_type(type_):
                    return None
                sources[name] = VariableValueSource(signature)
                continue
            if not is_leaf and input_is_nested_too_deeply(value, type_):
                return None
            try:
                made = coerce_input_value(value, type_)
            except GraphQLError:  # of an input of which exactly one field may be given
                return None
            if made is Undefined:
                return None
            sources[name] = VariableValueSource(signature, value)
            coerced[name] = made
        return VariableValues(sources, coerced)


def coercion(definition: GraphQLField, node: FieldNode) -> Coerce:
    """How the arguments of an occurrence of a field follow from the variables."""
    if not definition.args:
        return lambda _: {}
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    named = {name: value.name.value for name, value in given.items() if isinstance(value, VariableNode)}
    if any(_speaks_of_variables(value) for name, value in given.items() if name not in named):
        return lambda values: get_argument_values(definition, node, values)
    return _Coercion(definition, node, named)


def _speaks_of_variables(value: Node) -> bool:
    if isinstance(value, ListValueNode):
        return any(map(_speaks_of_variables, value.values))
    if isinstance(value, ObjectValueNode):
        return any(_speaks_of_variables(field.value) for field in value.fields)
    return isinstance(value, VariableNode)


class _Coercion:
    """Arguments that are each literal, or the value of a variable."""

    def __init__(self, definition: GraphQLField, node: FieldNode, named: Mapping[str, str]) -> None:
        """`named` has the variable of each argument that is one."""
        self._definition = definition
        self._node = node
        self._named = named
        self._literal: Arguments | None = None
        self._variable = [
            (variable, _out_name(name, definition.args[name]), definition.args[name])
            for name, variable in named.items()
        ]

    def __call__(self, values: VariableValues) -> Arguments:
        if self._literal is None:
            return self._first(values)
        arguments = self._literal.copy()
        for variable, name, definition in self._variable:
            value = values.coerced.get(variable, Undefined)
            if value is Undefined and _is_optional(definition):
                continue
            if value is Undefined or (value is None and is_non_null_type(definition.type)):
                return get_argument_values(self._definition, self._node, values)  # a default, or an error
            arguments[name] = value
        return arguments

    def _first(self, values: VariableValues) -> Arguments:
        arguments = get_argument_values(self._definition, self._node, values)
        of_variables = {name for _, name, _ in self._variable}
        self._literal = {name: value for name, value in arguments.items() if name not in of_variables}
        return arguments


def _out_name(name: str, definition: GraphQLArgument) -> str:
    return definition.out_name or name


def _is_optional(definition: GraphQLArgument) -> bool:
    """Whether the argument may be left out, and nothing stands in its place then."""
    return (
        not is_non_null_type(definition.type) and definition.default is None and definition.default_value is Undefined
    )
