"""An operation, from its text to its answer: planned, read with one query a root field, finished.

Its plan is kept (`api/plan/planning.py`). All root fields are read at the same time, and the plan's own functions make
the response of the rows. Where they cannot (a field failed, a value is not what the schema promises, or the schema
itself is asked for) graphql-core walks the same rows: it resolves nothing, it only coerces leaves and places errors
where the specification wants them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationType,
    execute_sync,
)
from graphql.execution.values import VariableValues

from api.plan.access import Forbidden
from api.plan.clock import Clock
from api.plan.cost import rows_of
from api.plan.errors import coded
from api.plan.observation import Observation
from api.plan.planning import Operation, Plan, PlanCache, make_plan, variables_shape
from api.plan.roots import (
    Answer,
    Bench,
    Question,
    Reader,
    RootPlan,
    computed,
    find_in_journeys,
    know_later,
    page_ranked,
    worked,
)
from api.plan.rows import Arguments, ClockSlot, Parameters
from graph.keys import Role

LOG = logging.getLogger("c360.api")


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
    selector = bound.plan.selector
    if not (selector.needs_journeys or selector.later):
        return await _read(reader, bound, bench)
    if bench is None:
        return coded("OPERATION_NOT_SUPPORTED", "What is worked out beside the query is not told here.")
    try:
        if selector.found:
            await asyncio.to_thread(find_in_journeys, bound.plan, await bench.journeys.current(), bound.parameters)
        answer = await _read(reader, bound, bench)
        if isinstance(answer, Answer):
            if selector.needs_journeys:
                answer.given.journeys = await bench.journeys.current()  # after a change, so that they hold it
            if selector.later:
                await know_later(bound.plan, bench, answer)
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
