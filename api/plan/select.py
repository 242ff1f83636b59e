"""From a selection of fields to what is read and how the rows become the answer.

`Selector` follows the selection of one root field. For every field it adds cells to the reading of the row at hand
and keeps a `Pick`: a function that takes the row and the request's parameters and gives the field's value. Values
of arguments are never looked at here, only their structure: a value becomes a `Slot`, a parameter that is filled
again for each request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    is_abstract_type,
)
from graphql.execution.values import VariableValues, get_argument_values, get_directive_values
from strawberry.types.field import StrawberryField

from api.plan.clock import Clock
from api.plan.connection import connection
from api.plan.fields import (
    ReadsAll,
    ReadsColumn,
    ReadsCount,
    ReadsDocument,
    ReadsId,
    ReadsKey,
    ReadsLookup,
    ReadsMoment,
    ReadsOne,
    ReadsPage,
    ReadsSelf,
    from_json,
    reads_of,
)
from api.plan.filters import Asking, Convert, Path, find_value, plain, predicate
from api.plan.ids import encode_id
from api.plan.rows import (
    TYPENAME,
    Arguments,
    ClockSlot,
    ItemPick,
    Parameters,
    Pick,
    Row,
    Size,
    Slot,
    object_type,
)
from graph.reading import Part, Predicate, Reading


@dataclass(slots=True)
class Selector:
    """The selection of one root field, on its way to be planned."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues
    occurrences: list[tuple[GraphQLField, FieldNode]] = field(default_factory=list)
    slots: list[Slot | ClockSlot] = field(default_factory=list)
    sizes: list[Size] = field(default_factory=list)
    within: int | None = None
    """The page (a place in `sizes`) within which the selection stands now."""

    def collect(self, type_: GraphQLObjectType, nodes: Sequence[FieldNode]) -> dict[str, list[FieldNode]]:
        """The sub-fields of these fields, by response key, as they hold for an object of this type."""
        found: dict[str, list[FieldNode]] = {}
        for node in nodes:
            if node.selection_set is not None:
                self._collect(type_, node.selection_set.selections, found, set())
        return found

    def occurrence(self, definition: GraphQLField, node: FieldNode) -> tuple[int, Arguments]:
        """Note that a field with arguments occurs; its number and its arguments as they are now."""
        self.occurrences.append((definition, node))
        return len(self.occurrences) - 1, get_argument_values(definition, node, self.variables)

    def slot(self, occurrence: int, read: Callable[[Arguments], Any]) -> str:
        """A new query parameter, filled for each request."""
        name = f"p{len(self.slots)}"
        self.slots.append(Slot(name, occurrence, read))
        return name

    def clock_slot(self, read: Callable[[Clock], Any]) -> str:
        """A new query parameter, filled from the moment of each request."""
        name = f"p{len(self.slots)}"
        self.slots.append(ClockSlot(name, read))
        return name

    def row(self, type_: GraphQLObjectType, nodes: Sequence[FieldNode], reading: Reading) -> Pick:
        """Add what the selection needs of a row; gives the function that shapes it."""
        picks = [
            (key, self._cell(type_.fields[found[0].name.value], found, reading, type_.name))
            for key, found in self.collect(type_, nodes).items()
            if not found[0].name.value.startswith("__")
        ]
        typename = type_.name

        def shape(row: Row, parameters: Parameters) -> dict[str, Any]:
            shaped = {key: pick(row, parameters) for key, pick in picks}
            shaped[TYPENAME] = typename
            return shaped

        return shape

    def item(self, type_: GraphQLObjectType, nodes: Sequence[FieldNode], reading: Reading) -> ItemPick:
        """The function that shapes an item of a document or of a computed answer."""
        picks = [
            (key, self._item_cell(type_.fields[found[0].name.value], found, reading))
            for key, found in self.collect(type_, nodes).items()
            if not found[0].name.value.startswith("__")
        ]
        typename = type_.name

        def shape(item: Mapping[str, Any], row: Row, parameters: Parameters) -> dict[str, Any]:
            shaped = {key: pick(item, row, parameters) for key, pick in picks}
            shaped[TYPENAME] = typename
            return shaped

        return shape

    def filter(self, number: int, definition: GraphQLField, arguments: Arguments) -> Predicate | None:
        """The predicate of a field's `filter`, if there is one that says something."""
        given = arguments.get("filter")
        if not given:
            return None

        def parameter(path: Path, convert: Convert | None) -> str:
            def read(current: Arguments) -> Any:
                value = plain(find_value(current, path))
                if convert is None:
                    return value
                return [convert(item) for item in value] if isinstance(value, list) else convert(value)

            return self.slot(number, read)

        return predicate(definition.args["filter"].type, given, ("filter",), Asking(parameter, self.clock_slot))

    def _cell(self, definition: GraphQLField, nodes: Sequence[FieldNode], reading: Reading, typename: str) -> Pick:
        match reads(definition):
            case ReadsColumn(column, convert, default):
                return column_pick(reading.add(column), convert, default)
            case ReadsMoment(columns, compute):
                places = [reading.add(column) for column in columns]
                return lambda row, parameters: compute([row[place] for place in places], parameters.clock)
            case ReadsId(column):
                position = reading.add(column)
                return lambda row, _: encode_id(typename, row[position])
            case ReadsOne(traversal):
                part = Part(traversal, "one")
                shape = self.row(object_type(definition.type), nodes, part.reading)
                position = reading.add(part)
                return lambda row, parameters: None if row[position] is None else shape(row[position], parameters)
            case ReadsSelf(present):
                shape = self.row(object_type(definition.type), nodes, reading)
                at = [reading.add(column) for column in present]
                if not at:
                    return shape
                return lambda row, parameters: (
                    shape(row, parameters) if any(row[position] is not None for position in at) else None
                )
            case ReadsAll() as spec:
                return self._all(spec, definition, nodes, reading)
            case ReadsCount(traversal):
                position = reading.add(Part(traversal, "count"))
                return lambda row, _: row[position]
            case ReadsPage(traversal, narrowed):
                parts, shaped = connection(self, traversal, definition, nodes, narrowed)
                at = [reading.add(part) for part in parts]
                return lambda row, parameters: shaped([row[position] for position in at], parameters)
            case ReadsDocument() as spec:
                return self._document(spec, definition, nodes, reading)
            case other:
                raise TypeError(f"{typename}.{nodes[0].name.value} reads {other!r}, which a row cannot answer")

    def _all(self, spec: ReadsAll, definition: GraphQLField, nodes: Sequence[FieldNode], reading: Reading) -> Pick:
        part = Part(spec.traversal, "all")
        position = reading.add(part)
        if spec.value is None:
            shape = self.row(object_type(definition.type), nodes, part.reading)
            return lambda row, parameters: [shape(item, parameters) for item in row[position]]
        part.reading.add(spec.value)
        convert, typename = spec.convert, spec.typename
        if typename is not None:
            return lambda row, _: [encode_id(typename, item[0]) for item in row[position]]
        if convert is not None:
            return lambda row, _: [convert(item[0]) for item in row[position]]
        return lambda row, _: [item[0] for item in row[position]]

    def _document(
        self, spec: ReadsDocument, definition: GraphQLField, nodes: Sequence[FieldNode], reading: Reading
    ) -> Pick:
        arguments: Arguments = {}
        if definition.args:
            _, arguments = self.occurrence(definition, nodes[0])
        position = reading.add(spec.column)
        shape = self.item(object_type(definition.type), nodes, reading)

        def pick(row: Row, parameters: Parameters) -> Any:
            text = row[position]
            data = spec.items(spec.default() if text is None else from_json(text), arguments)
            return items_shaped(data, shape, row, parameters)

        return pick

    def _item_cell(self, definition: GraphQLField, nodes: Sequence[FieldNode], reading: Reading) -> ItemPick:
        match reads(definition):
            case ReadsKey(name, convert, default):
                if nodes[0].selection_set is not None:
                    shape = self.item(object_type(definition.type), nodes, reading)
                    return lambda item, row, parameters: items_shaped(
                        default if item.get(name) is None else item[name], shape, row, parameters
                    )
                return key_pick(name, convert, default)
            case ReadsLookup() as spec:
                return self._lookup(spec, definition, nodes, reading)
            case other:
                raise TypeError(f"{nodes[0].name.value} reads {other!r}, which an item cannot answer")

    def _lookup(
        self, spec: ReadsLookup, definition: GraphQLField, nodes: Sequence[FieldNode], reading: Reading
    ) -> ItemPick:
        # A traversal that starts from keys gets those that a worked-out answer holds under the same name.
        part = Part(spec.traversal, "all", arguments=dict.fromkeys(spec.traversal.parameters, spec.by))
        part.reading.add(spec.key)
        shape = self.row(object_type(definition.type), nodes, part.reading)
        position = reading.add(part)
        by, many = spec.by, spec.many

        def pick(item: Mapping[str, Any], row: Row, parameters: Parameters) -> Any:
            known = {found[0]: found for found in row[position]}
            if many:
                return [shape(known[key], parameters) for key in item.get(by) or () if key in known]
            found = known.get(item.get(by))
            return None if found is None else shape(found, parameters)

        return pick

    def _collect(
        self,
        type_: GraphQLObjectType,
        selections: Sequence[SelectionNode],
        found: dict[str, list[FieldNode]],
        visited: set[str],
    ) -> None:
        for selection in selections:
            if not self._included(selection):
                continue
            if isinstance(selection, FieldNode):
                key = selection.alias.value if selection.alias else selection.name.value
                found.setdefault(key, []).append(selection)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                if condition is None or self._fits(type_, condition.name.value):
                    self._collect(type_, selection.selection_set.selections, found, visited)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in visited:
                visited.add(selection.name.value)
                fragment = self.fragments[selection.name.value]
                if self._fits(type_, fragment.type_condition.name.value):
                    self._collect(type_, fragment.selection_set.selections, found, visited)

    def _included(self, node: SelectionNode) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        if skip and skip["if"]:
            return False
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return not include or bool(include["if"])

    def _fits(self, type_: GraphQLObjectType, name: str) -> bool:
        if type_.name == name:
            return True
        condition = self.schema.get_type(name)
        return is_abstract_type(condition) and self.schema.is_sub_type(condition, type_)


def reads(definition: GraphQLField) -> object:
    """What a field of the schema declares to read."""
    strawberry_field = definition.extensions["strawberry-definition"]
    assert isinstance(strawberry_field, StrawberryField)
    return reads_of(strawberry_field)


def items_shaped(data: Any, shape: ItemPick, row: Row, parameters: Parameters) -> Any:
    """A document's data with its sub-fields: a list of items, one item, or nothing."""
    if data is None:
        return None
    if isinstance(data, list | tuple):
        return [shape(item, row, parameters) for item in data]
    return shape(data, row, parameters)


def column_pick(position: int, convert: Convert | None, default: Any) -> Pick:
    """The value at a position of the row."""
    if convert is None:
        if default is None:
            return lambda row, _: row[position]
        return lambda row, _: default if row[position] is None else row[position]
    return lambda row, _: default if row[position] is None else convert(row[position])


def key_pick(name: str, convert: Convert | None, default: Any) -> ItemPick:
    """The value under a key of an item."""
    if convert is None:
        return lambda item, _row, _parameters: default if item.get(name) is None else item[name]
    return lambda item, _row, _parameters: default if item.get(name) is None else convert(item[name])
