"""From a selection of fields to what is read and how the rows become the answer.

`Selector` follows the selection of one root field. For every field it adds cells to the reading of the row at hand
and gives an `Expression`: how the field's value is made of these cells and of the request's parameters. Values of
arguments are never looked at here, only their structure: a value becomes a `Slot`, a parameter that is filled again
for each request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    get_nullable_type,
    is_abstract_type,
    is_list_type,
)
from graphql.execution.values import VariableValues, get_directive_values
from strawberry.types.field import StrawberryField

from api.plan.access import Access, Forbidden, access_of, masked
from api.plan.clock import Clock
from api.plan.connection import connection
from api.plan.cost import COMPUTED, COUNT, UNPAGED, WORKED
from api.plan.fields import (
    ReadsAll,
    ReadsBeside,
    ReadsColumn,
    ReadsCount,
    ReadsDocument,
    ReadsFolded,
    ReadsId,
    ReadsJourneys,
    ReadsKey,
    ReadsLater,
    ReadsLookup,
    ReadsMoment,
    ReadsOne,
    ReadsPage,
    ReadsReckoned,
    ReadsSelf,
    from_json,
    reads_of,
)
from api.plan.filters import Asking, Convert, Find, Path, check_size, find_value, plain, predicate
from api.plan.ids import id_writer
from api.plan.later import Later
from api.plan.rows import Arguments, ClockSlot, JourneySlot, Row, Size, Slot, object_type
from api.plan.shape import (
    Cells,
    Expression,
    called,
    cells_of,
    cells_of_each,
    each,
    leaf,
    named,
    objects,
    present,
    record,
)
from api.plan.values import Coerce, coercion
from graph.keys import Role
from graph.reading import Part, Predicate


@dataclass(slots=True)
class Selector:
    """The selection of one root field, on its way to be planned."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues
    role: Role = Role.ADMIN
    """Whose the plan is: what this role may not ask for is refused, and what it may not see is masked."""
    occurrences: list[tuple[GraphQLField, FieldNode]] = field(default_factory=list)
    coercions: list[Coerce] = field(default_factory=list)
    """How the arguments of each occurrence are had."""
    slots: list[Slot | ClockSlot] = field(default_factory=list)
    sizes: list[Size] = field(default_factory=list)
    within: int | None = None
    """The page (a place in `sizes`) within which the selection stands now."""
    reckons: bool = False
    """Whether putting the answer together may take a while."""
    needs_journeys: bool = False
    """Whether all journeys are needed for it."""
    found: list[JourneySlot] = field(default_factory=list)
    """Parameters that hold what is found in all journeys before anything is read."""
    later: list[Later] = field(default_factory=list)
    """What is worked out once rows were read, what stands within another one after it."""
    points: dict[int | None, int] = field(default_factory=dict)
    """What the selection costs within each page, and outside of all (None), see `api/plan/cost.py`."""
    _times: int = 1
    _rows: int = 0

    def charge(self, points: int) -> None:
        """Note what something costs where the selection stands now."""
        self.points[self.within] = self.points.get(self.within, 0) + points * self._times

    @contextmanager
    def unpaged(self, type_: GraphQLOutputType) -> Iterator[None]:
        """What is selected meanwhile stands, if this type is a list, in one without pages."""
        times = UNPAGED if is_list_type(get_nullable_type(type_)) else 1
        self._times *= times
        yield
        self._times //= times

    def collect(self, type_: GraphQLObjectType, nodes: Sequence[FieldNode]) -> dict[str, list[FieldNode]]:
        """The sub-fields of these fields, by response key, as they hold for an object of this type."""
        found: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for node in nodes:
            if node.selection_set is not None:
                self._collect(type_, node.selection_set.selections, found, visited)
        return found

    def occurrence(self, definition: GraphQLField, node: FieldNode) -> tuple[int, Arguments]:
        """Note that a field with arguments occurs; its number and its arguments as they are now."""
        self.occurrences.append((definition, node))
        self.coercions.append(coercion(definition, node))
        return len(self.occurrences) - 1, self.coercions[-1](self.variables)

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

    def row_name(self) -> str:
        """A new name for a row or an item."""
        self._rows += 1
        return f"r{self._rows}"

    def row(self, type_: GraphQLObjectType, nodes: Sequence[FieldNode], cells: Cells) -> Expression:
        """Add what the selection needs of a row; gives the object that is made of it."""
        self.charge(1)
        return self.record(
            type_,
            nodes,
            lambda found: self._cell(type_.fields[found[0].name.value], found, cells, type_.name),
        )

    def item(self, type_: GraphQLObjectType, nodes: Sequence[FieldNode], item: str, cells: Cells) -> Expression:
        """The object that is made of an item of a document or of a computed answer, and of the row it stands in."""
        self.charge(1)
        return self.record(
            type_, nodes, lambda found: self._item_cell(type_.fields[found[0].name.value], found, item, cells)
        )

    def record(
        self,
        type_: GraphQLObjectType,
        nodes: Sequence[FieldNode],
        value: Callable[[list[FieldNode]], Expression],
    ) -> Expression:
        """An object with the values of its selected fields, in their order."""
        entries = [
            (key, named(type_.name) if found[0].name.value == "__typename" else self._seen(type_, found, value))
            for key, found in self.collect(type_, nodes).items()
        ]
        return record(type_.name, entries)

    def permit(self, type_: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Access:
        """The access of a field; raises Forbidden when the role may not ask for it."""
        name = nodes[0].name.value
        access = access_of(type_.fields[name])
        if self.role < access.least:
            raise Forbidden(f"{type_.name}.{name}", access.least, self.role, nodes)
        return access

    def _seen(
        self, type_: GraphQLObjectType, found: list[FieldNode], value: Callable[[list[FieldNode]], Expression]
    ) -> Expression:
        """The value of a field as the role sees it."""
        mask = self.permit(type_, found).mask_for(self.role)
        if mask is None:
            return value(found)
        return (lambda _: "None") if mask.show is None else called(masked(mask.show), value(found))

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

        def ids(path: Path, find: Find) -> str:
            def read(current: Arguments, journeys: Any, clock: Clock) -> list[str]:
                value = plain(find_value(current, path))
                return find(value if isinstance(value, list) else [value], journeys, clock)

            self.needs_journeys = True
            self.charge(COUNT)
            name = f"found{len(self.found)}"
            self.found.append(JourneySlot(name, number, read))
            return name

        check_size(given)
        asking = Asking(parameter, self.clock_slot, ids)
        return predicate(definition.args["filter"].type, given, ("filter",), asking)

    def _cell(self, definition: GraphQLField, nodes: Sequence[FieldNode], cells: Cells, typename: str) -> Expression:
        match reads(definition):
            case ReadsColumn(column, convert, default):
                return leaf(definition.type, cells.add(column), convert, default)
            case ReadsMoment(columns, compute):
                values = ", ".join([cells.add(column) for column in columns])
                return leaf(definition.type, called(compute, f"({values},)", "given.clock"))
            case ReadsId(column):
                return called(id_writer(typename), cells.add(column))
            case ReadsOne(traversal):
                part = Part(traversal, "one")
                row = cells.add(part)
                made = self.row(object_type(definition.type), nodes, cells_of(row, part.reading))
                return present(definition.type, f"{row} is not None", made)
            case ReadsSelf(columns):
                made = self.row(object_type(definition.type), nodes, cells)
                known = [f"{cells.add(column)} is not None" for column in columns]
                return present(definition.type, " or ".join(known), made) if known else made
            case ReadsAll() as spec:
                return self._all(spec, definition, nodes, cells)
            case ReadsFolded() as spec:
                return self._folded(spec, definition, nodes, cells)
            case ReadsCount(traversal):
                return leaf(definition.type, cells.add(Part(traversal, "count")))
            case ReadsPage(traversal, narrowed):
                return connection(self, traversal, definition, nodes, cells, narrowed)
            case ReadsDocument() as spec:
                return self._document(spec, definition, nodes, cells)
            case ReadsJourneys(column, reckon):
                self.needs_journeys = True
                self.charge(COUNT)
                return self._reckoned(
                    reckon, definition, nodes, [cells.add(column), "given.journeys", "given.clock"], cells
                )
            case ReadsLater() as spec:
                return self._later(spec, definition, nodes, cells)
            case other:
                raise TypeError(f"{typename}.{nodes[0].name.value} reads {other!r}, which a row cannot answer")

    def _all(self, spec: ReadsAll, definition: GraphQLField, nodes: Sequence[FieldNode], cells: Cells) -> Expression:
        part = Part(spec.traversal, "all")
        rows, row = cells.add(part), cells_of_each(self.row_name(), part.reading)
        if spec.value is None:
            with self.unpaged(definition.type):
                return each(row, rows, self.row(object_type(definition.type), nodes, row))
        value = row.add(spec.value)
        convert = spec.convert if spec.typename is None else id_writer(spec.typename)
        made = (lambda _: value) if convert is None else called(convert, value)
        return leaf(definition.type, each(row, rows, made))

    def _folded(
        self, spec: ReadsFolded, definition: GraphQLField, nodes: Sequence[FieldNode], cells: Cells
    ) -> Expression:
        part = Part(spec.traversal, "all")
        for column in spec.columns:
            part.reading.add(column)
        item = self.row_name()
        with self.unpaged(definition.type):
            made = self.item(object_type(definition.type), nodes, item, cells)
        return objects(definition.type, called(spec.fold, cells.add(part)), item, made)

    def _document(
        self, spec: ReadsDocument, definition: GraphQLField, nodes: Sequence[FieldNode], cells: Cells
    ) -> Expression:
        arguments: Arguments = {}
        if definition.args:
            _, arguments = self.occurrence(definition, nodes[0])

        def read(text: str | None) -> Any:
            return spec.items(spec.default() if text is None else from_json(text), arguments)

        item = self.row_name()
        with self.unpaged(definition.type):
            made = self.item(object_type(definition.type), nodes, item, cells)
        return objects(definition.type, called(read, cells.add(spec.column)), item, made)

    def _item_cell(self, definition: GraphQLField, nodes: Sequence[FieldNode], item: str, cells: Cells) -> Expression:
        match reads(definition):
            case ReadsKey(name, convert, default):
                value = f"{item}.get({name!r})"
                if nodes[0].selection_set is None:
                    return leaf(definition.type, value, convert, default)
                inner = self.row_name()
                with self.unpaged(definition.type):
                    made = self.item(object_type(definition.type), nodes, inner, cells)
                given = (
                    value
                    if default is None
                    else lambda writer: f"{writer.name(default)} if {value} is None else {value}"
                )
                return objects(definition.type, given, inner, made)
            case ReadsBeside(columns, compute):
                values = ", ".join([cells.add(column) for column in columns])
                return leaf(definition.type, called(compute, item, f"({values},)"))
            case ReadsReckoned(reckon):
                self.charge(COMPUTED)
                return self._reckoned(reckon, definition, nodes, [item], cells)
            case ReadsLookup() as spec:
                return self._lookup(spec, definition, nodes, item, cells)
            case other:
                raise TypeError(f"{nodes[0].name.value} reads {other!r}, which an item cannot answer")

    def _reckoned(
        self,
        reckon: Callable[..., Any],
        definition: GraphQLField,
        nodes: Sequence[FieldNode],
        of: Sequence[str],
        cells: Cells,
    ) -> Expression:
        self.reckons = True
        number, _ = self.occurrence(definition, nodes[0])
        value = called(reckon, *of, f"given.arguments[{number}]")
        if nodes[0].selection_set is None:
            return leaf(definition.type, value)
        inner = self.row_name()
        with self.unpaged(definition.type):
            made = self.item(object_type(definition.type), nodes, inner, cells)
        return objects(definition.type, value, inner, made)

    def _later(
        self, spec: ReadsLater, definition: GraphQLField, nodes: Sequence[FieldNode], cells: Cells
    ) -> Expression:
        self.charge(WORKED)
        name, later = f"given.later[{len(self.later)}]", Later(spec.work)
        self.later.append(later)
        item = self.row_name()
        with self.unpaged(definition.type):
            made = self.item(object_type(definition.type), nodes, item, cells_of(f"{name}.row", later.reading))
        key = "".join(f"{cells.add(column)}, " for column in spec.columns)
        return objects(definition.type, f"{name}.of(({key}))", item, made)

    def _lookup(
        self, spec: ReadsLookup, definition: GraphQLField, nodes: Sequence[FieldNode], item: str, cells: Cells
    ) -> Expression:
        # A traversal that starts from keys gets those that a worked-out answer holds under the same name.
        part = Part(spec.traversal, "all", arguments=dict.fromkeys(spec.traversal.parameters, spec.by))
        part.reading.add(spec.key)
        row = cells_of(self.row_name(), part.reading)
        with self.unpaged(definition.type):
            made = self.row(object_type(definition.type), nodes, row)
        by, many = spec.by, spec.many

        def find(item: Mapping[str, Any], rows: Sequence[Row]) -> Any:
            known = {found[0]: found for found in rows}
            return [known[key] for key in item.get(by) or () if key in known] if many else known.get(item.get(by))

        return objects(definition.type, called(find, item, cells.add(part)), row.name, made)

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
