"""Answers GraphQL requests over one store: parse and validate once, plan once, read, walk."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)

from api.feed import Feed
from api.limits import Limits, Measure, check_length, check_limits, measured
from api.plan.access import Forbidden
from api.plan.clock import Clock
from api.plan.errors import coded
from api.plan.kept import Kept, document_bytes
from api.plan.observation import Observation, Outcome, outcome_of
from api.plan.operation import Bound, Prepared, prepare, run
from api.plan.planning import Operation, PlanCache
from api.plan.roots import Bench, Reader
from api.plan.subscription import EVENTS_A_QUERY, occurrences, sightings
from api.syncs import SyncProcesses
from api.throttle import Throttle, TooMuch
from api.traces import operation_traced
from api.viewer import LOCAL_VIEWER, Viewer
from api.watch import Watch
from graph.journeys.keeper import JourneyKeeper
from graph.keys import Role
from graph.rules import Rules
from graph.store.driver import Store

DOCUMENT_BYTES = 64_000_000
MOST_MISTAKES = 8
"""So many of a document are told, so that nobody is answered at length for repeating one."""
_SUGGESTION = re.compile(r" Did you mean [^?]*\?")
"""What graphql-core adds where a name is misspelt: names of the schema."""


class RequestRefused(Exception):
    """The request itself is wrong: nothing was executed, and there are only errors."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


class Throttled(RequestRefused):
    """The viewer has to wait; `seconds` says how long."""

    def __init__(self, too_much: TooMuch) -> None:
        super().__init__([too_much.error])
        self.seconds = too_much.seconds


class TookTooLong(RequestRefused):
    """The operation's time was over, and it was stopped."""

    def __init__(self, seconds: float, reading: int | None = None) -> None:
        """`reading` says how many customers' journeys have been read while all of them are."""
        message = f"The query took longer than {seconds:g} s. Ask for less at once."
        told: dict[str, int] = {}
        if reading is not None:
            message = (
                f"The journeys are still being read, once, for all questions: so far those of {reading:,} customers. "
                "Reading goes on; ask again in a minute."
            )
            told = {"customersRead": reading}
        super().__init__([coded("QUERY_TIMED_OUT", message, **told)])


class MutationByGet(Exception):
    """A GET request asks for something else than a query."""


class Service:
    """One schema over one store, with its caches; one a process."""

    def __init__(
        self,
        schema: GraphQLSchema,
        store: Reader,
        limits: Limits | None = None,
        *,
        rules: Rules | None = None,
        writes_to: Store | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        walked: bool = False,
        feed: Feed | None = None,
        watch: Watch | None = None,
        syncs: SyncProcesses | None = None,
        introspection: Role = Role.STEWARD,
        observers: Sequence[Callable[[Observation], None]] = (),
    ) -> None:
        """Without a `feed` there are no subscriptions, without a `watch` none of what stands in the graph.

        Without `syncs` none is started. Each of `observers` is told of every query and mutation.
        With `walked` graphql-core walks every answer: what the plans' own answers are compared with.
        """
        self.schema = schema
        self.limits = limits or Limits()
        self._rules = rules or Rules()
        self._now = now
        self._writes_to = writes_to
        self._journeys = None if writes_to is None else JourneyKeeper(writes_to, self._rules)
        self._walked = walked
        self._feed = feed
        self._introspection = introspection
        self._observers = observers
        self.in_flight = 0
        """Queries and mutations that are being answered."""
        self._watch = watch
        self._syncs = syncs
        self.plans = PlanCache()
        self._store = store
        self._throttle = Throttle()
        self.documents: Kept[bytes, _Document] = Kept(DOCUMENT_BYTES)
        """Valid documents by their hash."""

    def limits_of(self, viewer: Viewer) -> Limits:
        """The limits of this viewer: their own, or those of everybody."""
        return viewer.limits or self.limits

    def admit(self, viewer: Viewer) -> None:
        """Count one more operation of this viewer; raises Throttled when there have been enough for now."""
        try:
            self._throttle.count(viewer.id, self.limits_of(viewer))
        except TooMuch as too_much:
            raise Throttled(too_much) from None

    async def answer(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
        *,
        only_queries: bool = False,
        viewer: Viewer = LOCAL_VIEWER,
    ) -> ExecutionResult:
        """Answer a request of this viewer; raises RequestRefused when it cannot be executed, or takes too long."""
        seen = Observation(viewer)
        tracer = None if self._writes_to is None else self._writes_to.tracer
        if tracer is None:
            return await self._observed(query, variables, operation_name, only_queries, seen)
        with operation_traced(tracer, seen):
            return await self._observed(query, variables, operation_name, only_queries, seen)

    async def _observed(
        self,
        query: str,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        only_queries: bool,
        seen: Observation,
    ) -> ExecutionResult:
        seconds = self.limits_of(seen.viewer).seconds
        began = time.perf_counter()
        self.in_flight += 1
        try:
            async with asyncio.timeout(seconds):
                seen.result = await self._answer(query, variables, operation_name, only_queries, seen)
            seen.outcome = outcome_of(seen.result)
            return seen.result
        except (RequestRefused, MutationByGet):
            seen.outcome = Outcome.REFUSED
            raise
        except TimeoutError:
            seen.outcome = Outcome.CANCELLED
            raise TookTooLong(seconds, self._journeys.reading if self._journeys else None) from None
        except asyncio.CancelledError:
            seen.outcome = Outcome.CANCELLED
            raise
        except Exception:
            seen.outcome = Outcome.FAILED
            raise
        finally:
            self.in_flight -= 1
            seen.seconds = time.perf_counter() - began
            for observe in self._observers:
                observe(seen)

    async def _answer(
        self,
        query: str,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        only_queries: bool,
        seen: Observation,
    ) -> ExecutionResult:
        viewer = seen.viewer
        limits = self.limits_of(viewer)
        operation = self._operation(query, operation_name, viewer)
        seen.name, seen.document, seen.type = operation.name, operation.hash, operation.node.operation.value
        if operation.node.operation is not OperationType.QUERY and only_queries:
            raise MutationByGet
        if operation.node.operation is OperationType.SUBSCRIPTION:
            message = "Subscriptions are told over WebSocket (graphql-transport-ws) or as text/event-stream."
            raise RequestRefused([coded("OPERATION_NOT_SUPPORTED", message)])
        prepared = self._prepared(operation, variables, viewer, limits.rows)
        told = self._paid(viewer, prepared.cost)
        bench = self._bench(viewer) if prepared.plan.works else None
        result = await run(self.schema, self._store, self.plans, prepared, bench=bench, walked=self._walked, seen=seen)
        if self._feed is not None and operation.node.operation is OperationType.MUTATION:
            self._feed.wake()
        if result.data is None and result.errors and all(error.path is None for error in result.errors):
            raise RequestRefused(result.errors)
        if told is not None:
            result.extensions = {"cost": told}
        return result

    @property
    def journeys(self) -> JourneyKeeper | None:
        """All journeys as columns, kept up to date; None where nothing is worked out."""
        return self._journeys

    def _bench(self, viewer: Viewer) -> Bench | None:
        if self._writes_to is None or self._journeys is None:
            return None
        return Bench(self._writes_to, self._rules, viewer.name, self._journeys, self._now, self._syncs)

    def _paid(self, viewer: Viewer, cost: int) -> dict[str, Any] | None:
        """Take the cost of an operation from the viewer's points; what `extensions.cost` tells of it."""
        limits = self.limits_of(viewer)
        most = min((each for each in (limits.cost, limits.points) if each is not None), default=cost)
        if cost > most:
            message = f"This costs {cost:,} points; at most {most:,} are allowed. Ask for smaller pages (`first`)."
            raise RequestRefused([coded("QUERY_TOO_COSTLY", message, cost=cost, mostCost=most)])
        try:
            return self._throttle.take(viewer.id, limits, cost)
        except TooMuch as too_much:
            raise Throttled(too_much) from None

    def _prepared(
        self, operation: Operation, variables: Mapping[str, Any] | None, viewer: Viewer, most_rows: int
    ) -> Prepared:
        prepared = prepare(
            self.schema,
            self.plans,
            operation,
            variables,
            clock=Clock(self._now(), self._rules.activity),
            most_rows=most_rows,
            role=viewer.role,
        )
        if isinstance(prepared, ExecutionResult):
            raise RequestRefused(self._told(prepared.errors or [], viewer.role))
        if prepared.plan.introspects and viewer.role < self._introspection:
            raise RequestRefused([Forbidden("The schema", self._introspection, viewer.role)])
        return prepared

    async def subscribe(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
        *,
        only_reads: bool = False,
        viewer: Viewer = LOCAL_VIEWER,
        last_event_id: str | None = None,
    ) -> AsyncGenerator[ExecutionResult, None]:
        """The answers of a subscription, event by event, or the one of a query or mutation.

        Events of the change log follow the cursor `last_event_id` too, as they do `after`.
        Raises RequestRefused when it cannot be executed, or cannot go on; FeedClosed when the process ends.
        """
        limits = self.limits_of(viewer)
        operation = self._operation(query, operation_name, viewer)
        if operation.node.operation is OperationType.MUTATION and only_reads:
            raise RequestRefused([coded("METHOD_NOT_ALLOWED", "GET asks, it does not change: send this by POST.")])
        if operation.node.operation is not OperationType.SUBSCRIPTION:
            yield await self.answer(query, variables, operation_name, viewer=viewer)
            return
        prepared = self._prepared(operation, variables, viewer, limits.rows // EVENTS_A_QUERY)
        self._paid(viewer, prepared.cost)
        try:
            async with aclosing(self._following(prepared, last_event_id)) as told:
                async for response in told:
                    yield response
        except GraphQLError as error:
            raise RequestRefused([error]) from None

    def _following(self, prepared: Prepared, last_event_id: str | None) -> AsyncGenerator[ExecutionResult, None]:
        is_watched = any(isinstance(bound, Bound) and bound.plan.is_watched for bound in prepared.bound.values())
        if is_watched and self._watch is not None:
            return sightings(self.schema, self.plans, prepared, self._watch)
        if not is_watched and self._feed is not None:
            return occurrences(self.schema, self._store, self.plans, prepared, self._feed, last_event_id)
        raise coded("OPERATION_NOT_SUPPORTED", "This API tells no changes.")

    def _operation(self, query: str, name: str | None, viewer: Viewer) -> Operation:
        limits = self.limits_of(viewer)
        try:
            check_length(query, limits)
        except GraphQLError as error:
            raise RequestRefused([error]) from None
        digest = blake2b(query.encode(), digest_size=16).digest()
        known = self.documents.get(digest)
        if known is None:
            known = _Document(*self._valid(query, limits, viewer.role), {})
            self.documents.put(digest, known, document_bytes(known.node))
        else:
            _check(known.measure, limits)
        operation = known.operations.get(name)
        if operation is None:
            operation = known.operations[name] = Operation(known.node, _operation_node(known.node, name), digest)
        return operation

    def _valid(self, query: str, limits: Limits, role: Role) -> tuple[DocumentNode, Measure]:
        try:
            document = parse(
                query,
                max_lexical_tokens=limits.tokens,
                max_comments=limits.tokens,
                allow_empty_selection_sets=False,
            )
        except GraphQLSyntaxError as error:
            error.extensions = {"code": "GRAPHQL_PARSE_FAILED"}
            raise RequestRefused([error]) from None
        except GraphQLError as error:
            error.extensions = {"code": "GRAPHQL_PARSE_FAILED", **(error.extensions or {})}
            raise RequestRefused([error]) from None
        measure = measured(document)
        _check(measure, limits)
        if errors := validate(self.schema, document, max_errors=MOST_MISTAKES):
            for invalid in errors:
                invalid.extensions = {"code": "GRAPHQL_VALIDATION_FAILED", **(invalid.extensions or {})}
            raise RequestRefused(self._told(errors, role))
        return document, measure

    def _told(self, errors: list[GraphQLError], role: Role) -> list[GraphQLError]:
        """Errors as this role is told them: whoever may not ask for the schema is not told its names either."""
        if role < self._introspection:
            for error in errors:
                error.message = _SUGGESTION.sub("", error.message)
        return errors


@dataclass(frozen=True, slots=True)
class _Document:
    """A valid document, how large it is, and those of its operations that were asked for, by their name."""

    node: DocumentNode
    measure: Measure
    operations: dict[str | None, Operation]


def _check(measure: Measure, limits: Limits) -> None:
    try:
        check_limits(measure, limits)
    except GraphQLError as error:
        raise RequestRefused([error]) from None


def _operation_node(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is None:
        if len(operations) == 1:
            return operations[0]
        message = (
            "The document has several operations: say which by `operationName`."
            if operations
            else "The document has no operation."
        )
        raise RequestRefused([coded("OPERATION_RESOLUTION_FAILURE", message)])
    for node in operations:
        if node.name is not None and node.name.value == name:
            return node
    raise RequestRefused([coded("OPERATION_RESOLUTION_FAILURE", f"The document has no operation {name[:80]!r}.")])
