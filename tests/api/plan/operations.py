"""Random valid operations over a schema: aliases, fragments, directives, variables, filters, several roots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)
from hypothesis import strategies as st

DEEPEST = 5
Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType


@dataclass(frozen=True)
class Operation:
    """A document with one operation, and its variables."""

    query: str
    variables: dict[str, Any]


@dataclass
class _Author:
    """Writes one operation."""

    draw: st.DrawFn
    schema: GraphQLSchema
    values: dict[str, Sequence[Any]]
    variables: dict[str, tuple[str, Any]] = field(default_factory=dict)
    fragments: dict[str, tuple[str, str]] = field(default_factory=dict)
    names: int = 0

    def chance(self, of: int) -> bool:
        return self.draw(st.integers(0, of - 1)) == of - 1

    def fresh(self, stem: str) -> str:
        self.names += 1
        return f"{stem}{self.names}"

    def selection(self, type_: Composite, depth: int, *, aliased: bool = False) -> str:
        """The sub-fields of a type; within a type condition all are `aliased`, so that none contradicts another's."""
        found = [self.part(type_, depth, aliased) for _ in range(self.draw(st.integers(1, max(1, 5 - depth))))]
        return " ".join(found)

    def part(self, type_: Composite, depth: int, aliased: bool) -> str:
        possible = list(self.schema.get_possible_types(type_)) if not isinstance(type_, GraphQLObjectType) else []
        if possible and (isinstance(type_, GraphQLUnionType) or self.chance(2)):
            chosen = self.draw(st.sampled_from(possible))
            return f"... on {chosen.name}{self.directive()} {{ {self.selection(chosen, depth, aliased=True)} }}"
        if self.chance(8):
            return f"...{self.directive()} {{ {self.selection(type_, depth, aliased=aliased)} }}"
        if self.chance(8):
            return self.spread(type_, depth)
        if self.chance(8):
            return f"{self.fresh('t')}: __typename" if aliased or self.chance(2) else "__typename"
        return self.field(type_, depth, aliased)

    def spread(self, type_: Composite, depth: int) -> str:
        known = [name for name, (on, _) in self.fragments.items() if on == type_.name]
        if known and self.chance(2):
            return f"...{self.draw(st.sampled_from(known))}"
        text, name = self.selection(type_, depth, aliased=True), self.fresh("F")
        self.fragments[name] = (type_.name, text)
        return f"...{name}{self.directive()}"

    def field(self, type_: Composite, depth: int, aliased: bool) -> str:
        if isinstance(type_, GraphQLUnionType):
            return "__typename"
        fields = {
            name: found
            for name, found in type_.fields.items()
            if depth < DEEPEST or is_leaf_type(get_named_type(found.type))
        }
        if not fields:
            return "__typename"
        return self.written(self.draw(st.sampled_from(sorted(fields))), fields, depth, aliased)

    def written(self, name: str, fields: dict[str, GraphQLField], depth: int, aliased: bool) -> str:
        definition = fields[name]
        arguments = self.arguments(definition.args)
        alias = f"{self.fresh('a')}: " if arguments or aliased or self.chance(5) else ""
        inner = get_named_type(definition.type)
        below = "" if is_leaf_type(inner) else f" {{ {self.selection(inner, depth + 1)} }}"  # type: ignore[arg-type]
        return f"{alias}{name}{arguments}{self.directive()}{below}"

    def directive(self) -> str:
        if not self.chance(10):
            return ""
        value = self.draw(st.booleans())
        written = self.variable("Boolean!", value) if self.chance(2) else str(value).lower()
        return f" @{self.draw(st.sampled_from(('skip', 'include')))}(if: {written})"

    def arguments(self, arguments: dict[str, GraphQLArgument]) -> str:
        given = []
        for name, argument in arguments.items():
            if is_required_argument(argument) or self.chance(4):
                value = self.value(argument.type, name, 0)
                as_variable = self.chance(2)
                text = self.variable(str(argument.type), value) if as_variable else literal(argument.type, value)
                given.append(f"{name}: {text}")
        return f"({', '.join(given)})" if given else ""

    def variable(self, type_: str, value: Any) -> str:
        name = self.fresh("v")
        self.variables[name] = (type_, value)
        return f"${name}"

    def value(self, type_: Any, name: str, depth: int) -> Any:
        """A value as JSON has it."""
        if not is_non_null_type(type_) and self.chance(12):
            return None
        inner = get_nullable_type(type_)
        if is_list_type(inner):
            return [self.value(inner.of_type, name, depth) for _ in range(self.draw(st.integers(0, 3)))]
        if isinstance(inner, GraphQLEnumType):
            return self.draw(st.sampled_from(sorted(inner.values)))
        if isinstance(inner, GraphQLInputObjectType):
            return self.input(inner, depth)
        return self.draw(st.sampled_from(self.values.get(name) or self.values[inner.name]))

    def input(self, type_: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
        wanted = {
            name: found
            for name, found in type_.fields.items()
            if is_required_input_field(found) or (depth < 3 and not type_.is_one_of and self.chance(5))
        }
        if type_.is_one_of:
            only: tuple[str, GraphQLInputField] = self.draw(st.sampled_from(sorted(type_.fields.items())))
            inner = only[1].type
            value = None
            while value is None:
                value = self.value(inner, only[0], depth + 1)
            return {only[0]: value}
        return {name: self.value(found.type, name, depth + 1) for name, found in wanted.items()}


def chains(type_: GraphQLObjectType, deepest: int) -> Iterator[str]:
    """Every selection of one field of a type, and of one field within that, down to a leaf; lists cost no depth."""
    for name, definition in type_.fields.items():
        inner = get_named_type(definition.type)
        if is_leaf_type(inner):
            yield name
        elif isinstance(inner, GraphQLObjectType):
            left = deepest - (not inner.name.endswith(("Connection", "Edge", "PageInfo")))
            yield from (f"{name} {{ {below} }}" for below in (chains(inner, left) if left >= 0 else ()))


def literal(type_: Any, value: Any) -> str:
    """A value as a GraphQL document has it."""
    inner = get_nullable_type(type_)
    if value is None or value is Undefined:
        return "null"
    if is_list_type(inner):
        return f"[{', '.join(literal(inner.of_type, item) for item in value)}]"
    if isinstance(inner, GraphQLInputObjectType):
        fields = [f"{name}: {literal(inner.fields[name].type, item)}" for name, item in value.items()]
        return f"{{{', '.join(fields)}}}"
    if isinstance(inner, GraphQLEnumType):
        return str(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value).lower() if isinstance(value, bool) else str(value)


@st.composite
def operations(draw: st.DrawFn, schema: GraphQLSchema, values: dict[str, Sequence[Any]], root: str) -> Operation:
    """A query; its values come from `values`, by the name of the argument or of the scalar. `root` occurs in it."""
    author = _Author(draw, schema, values)
    query = schema.query_type
    assert query is not None
    parts = [author.written(root, query.fields, 1, False)]
    parts += [author.part(query, 1, True) for _ in range(draw(st.integers(0, 1)))]
    head = ", ".join(f"${name}: {type_}" for name, (type_, _) in author.variables.items())
    text = f"query Q{f'({head})' if head else ''} {{ {' '.join(parts)} }}"
    text += "".join(f" fragment {name} on {on} {{ {body} }}" for name, (on, body) in author.fragments.items())
    return Operation(text, {name: value for name, (_, value) in author.variables.items()})
