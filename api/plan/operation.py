"""An operation, from its text to its answer: planned, read with one query a root field, finished.

The plan of an operation depends on its text, its name and the *shape* of its variables, so it is kept; the values
are parameters. All root fields are read at the same time, and the plan's own functions make the response of the rows.
Where they cannot (a field failed, a value is not what the schema promises, or the schema itself is asked for)
graphql-core walks the same rows: it resolves nothing, it only coerces leaves and places errors where the
specification wants them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    get_named_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.values import VariableValues

from api.plan.access import Forbidden
from api.plan.clock import Clock
from api.plan.connection import DEFAULT_PAGE
from api.plan.cost import INTROSPECTION, rows_of
from api.plan.errors import coded
from api.plan.ids import type_in
from api.plan.kept import Kept, document_bytes, value_bytes
from api.plan.observation import Observation
from api.plan.roots import (
    Answer,
    Bench,
    Question,
    Reader,
    RootPlan,
    computed,
    find_in_journeys,
    page_ranked,
    plan_root,
    worked,
)
from api.plan.rows import Arguments, ClockSlot, Parameters
from api.plan.select import Selector, reads
from api.plan.values import Variables
from graph.keys import Role

LOG = logging.getLogger("c360.api")

PLAN_BYTES = 64_000_000
_ROOT = 8_000
_OCCURRENCE = 12_000
_CYPHER = 5
"""Bytes of a planned root field, for each field with arguments in it, and for each character of its query."""


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
    return _ROOT + _OCCURRENCE * len(root.selector.occurrences) + _CYPHER * len(root.cypher)


async def run(
    schema: GraphQLSchema,
    reader: Reader,
    plans: PlanCache,
    prepared: Prepared,
    *,
    bench: Bench | None = None,
    walked: bool = False,
    seen: Observation | None = None,
) -> ExecutionResult:
    """Answer an operation that has been prepared.

    Changes are made one after another, as they stand in the document. Without a `bench` nothing can be worked out.
    The answer is the same when it is always `walked`, only slower. `seen` is told how it was made.
    """
    if seen is not None:
        seen.plan_key = prepared.key
    plan, bound = prepared.plan, prepared.bound
    if len(bound) == 1 or prepared.operation.node.operation is OperationType.MUTATION:
        answers = [await _answer(reader, root, bench) for root in bound.values()]
    else:
        answers = await asyncio.gather(*(_answer(reader, root, bench) for root in bound.values()))
    found = dict(zip(plan.roots, answers, strict=True))
    if plan.reckons:
        return await asyncio.to_thread(finish, schema, plans, prepared, found, walked=walked, seen=seen)
    return finish(schema, plans, prepared, found, walked=walked, seen=seen)


class Prepared(msgspec.Struct, frozen=True):
    """An operation with its plan and this request's values."""

    operation: Operation
    variables: dict[str, Any]
    key: Any
    plan: Plan
    bound: Mapping[str, Bound | Exception]

    @property
    def cost(self) -> int:
        """What it costs in points, however much of its pages there is (`api/plan/cost.py`)."""
        return self.plan.points + sum(root.cost for root in self.bound.values() if isinstance(root, Bound))


def prepare(
    schema: GraphQLSchema,
    plans: PlanCache,
    operation: Operation,
    variables: Mapping[str, Any] | None,
    *,
    clock: Clock,
    most_rows: int,
    role: Role = Role.ADMIN,
) -> Prepared | ExecutionResult:
    """Plan an operation and fill in its values; errors in the request give a result without data."""
    given = dict(variables or {})
    defined = operation.variables(schema)
    values = defined.coerced(given)
    if isinstance(values, list):
        return ExecutionResult(None, [_as_bad_input(error) for error in values])
    key = (operation.hash, operation.name, role, variables_shape(defined, values))
    plan = plans.get(key)
    if plan is None:
        try:
            plan = make_plan(schema, operation, values, role)
        except Forbidden as forbidden:
            return ExecutionResult(None, [forbidden])
        # An error may quote a value of this request: it is no answer to the next one.
        if not any(isinstance(root, GraphQLError) for root in plan.roots.values()):
            plans.put(key, plan, operation.document)
    bound = {name: _bound(root, values, clock) for name, root in plan.roots.items()}
    if too_costly := _too_costly(bound.values(), most_rows):
        return ExecutionResult(None, [too_costly])
    return Prepared(operation, given, key, plan, bound)


def finish(
    schema: GraphQLSchema,
    plans: PlanCache,
    prepared: Prepared,
    found: Mapping[str, Answer | Exception],
    *,
    walked: bool = False,
    seen: Observation | None = None,
) -> ExecutionResult:
    """The response that is made of the answers of all root fields."""
    plan = prepared.plan
    if not walked and (data := _finished(plan, found)) is not None:
        plans.finishes += 1
        return ExecutionResult(data)
    plans.walks += 1
    if seen is not None:
        seen.is_walked = True
    result = execute_sync(
        schema,
        prepared.operation.document,
        root_value={key: _walked(plan.roots[key], answer) for key, answer in found.items()},
        variable_values=prepared.variables,
        operation_name=prepared.operation.name,
    )
    if not walked and not plan.introspects and not result.errors:
        LOG.warning(
            "The plan of operation %s could not finish its answer, and nothing is wrong with it: a mistake of ours.",
            prepared.operation.hash.hex(),
        )
    return result


def _finished(plan: Plan, answers: Mapping[str, Answer | Exception]) -> dict[str, Any] | None:
    """The response's data; None where anything is not as the schema promises."""
    if plan.introspects:
        return None
    data: dict[str, Any] = dict(plan.keys)
    for key, root in plan.roots.items():
        answer = answers[key]
        if isinstance(root, GraphQLError) or isinstance(answer, Exception):
            return None
        try:
            data[key] = root.finished(answer)
        except Exception:  # whatever it is: walking the same rows tells it, at its place
            return None
    return data


def _walked(root: RootPlan | GraphQLError, answer: Answer | Exception) -> Any:
    """What graphql-core walks of a root field, or the error that stands in its place."""
    if isinstance(root, GraphQLError) or isinstance(answer, Exception):
        return answer
    try:
        return root.walked(answer)
    except Exception as error:  # the field's error: its siblings are answered all the same
        return error


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
    works = any(root.work is not None or root.selector.needs_journeys for root in planned)
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


class Bound(msgspec.Struct, frozen=True):
    """A planned root field with this request's values: `rows` that its pages can hold, and what it costs in points."""

    plan: RootPlan
    parameters: Parameters
    question: Question | None = None
    rows: int = 0
    cost: int = 0
    arguments: Arguments | None = None
    """Of a field that is worked out or ranked."""


def _bound(root: RootPlan | GraphQLError, values: VariableValues, clock: Clock) -> Bound | Exception:
    """The root field with its values, or the error that stands in its place."""
    if isinstance(root, GraphQLError):
        return root
    try:
        arguments = [coerce(values) for coerce in root.selector.coercions]
        if root.ask is not None:
            return Bound(root, Parameters(), root.ask(arguments[0]), cost=root.selector.points[None])
        parameters = Parameters()
        parameters.clock, parameters.arguments = clock, arguments
        for slot in root.selector.slots:
            given = slot.read(clock) if isinstance(slot, ClockSlot) else slot.read(arguments[slot.occurrence])
            parameters[slot.name] = given
        rows, points = rows_of(root.selector.sizes, parameters), root.selector.points
        cost = points[None] + sum(held * points.get(page, 0) for page, held in enumerate(rows))
        worked_from = arguments[0] if root.work or root.teller or root.rank else None
        return Bound(root, parameters, rows=sum(rows), cost=cost, arguments=worked_from)
    except GraphQLError as error:
        return error


def _too_costly(bound: Iterable[Bound | Exception], most_rows: int) -> GraphQLError | None:
    rows = sum(root.rows for root in bound if isinstance(root, Bound))
    if rows <= most_rows:
        return None
    return coded(
        "QUERY_TOO_COSTLY",
        f"This could return {rows:,} rows; at most {most_rows:,} are allowed. "
        "Ask for smaller pages (`first`), or for fewer lists within lists.",
        rows=rows,
        mostRows=most_rows,
    )


async def _answer(reader: Reader, bound: Bound | Exception, bench: Bench | None) -> Answer | Exception:
    """What the answer of one root field is made of, or the error that stands in its place."""
    if isinstance(bound, Exception):
        return bound
    if not bound.plan.selector.needs_journeys:
        return await _read(reader, bound, bench)
    if bench is None:
        return coded("OPERATION_NOT_SUPPORTED", "What follows from all journeys is not told here.")
    try:
        if bound.plan.selector.found:
            await asyncio.to_thread(find_in_journeys, bound.plan, await bench.journeys.current(), bound.parameters)
        answer = await _read(reader, bound, bench)
        if isinstance(answer, Answer):
            answer.given.journeys = await bench.journeys.current()  # after a change, so that they hold it
    except Exception as error:  # the field's error: its siblings are answered all the same
        return error
    return answer


async def _read(reader: Reader, bound: Bound, bench: Bench | None) -> Answer | Exception:
    plan = bound.plan
    try:
        if bound.question is not None:
            return await computed(reader, bound.question)
        if plan.rank is not None and bound.arguments is not None:
            return await page_ranked(plan, reader, bound.arguments, bound.parameters)
        if bound.arguments is not None:
            if bench is None:
                return coded("OPERATION_NOT_SUPPORTED", "This API only reads.")
            return await worked(plan, bench, bound.arguments, bound.parameters)
        return Answer(await plan.read(reader, bound.parameters), bound.parameters)
    except Exception as error:  # the field's error: its siblings are answered all the same
        return error


def _as_bad_input(error: GraphQLError) -> GraphQLError:
    error.extensions = {"code": "BAD_USER_INPUT", **(error.extensions or {})}
    return error
