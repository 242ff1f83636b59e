"""Answers GraphQL requests over one store: parse and validate once, plan once, read, walk."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
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

from api.limits import Limits, check_limits
from api.plan.clock import Clock
from api.plan.errors import coded
from api.plan.operation import Operation, PlanCache, execute
from api.plan.roots import Bench, Reader
from graph.rules import Rules
from graph.store.driver import Store

MOST_DOCUMENTS = 1_000


class RequestRefused(Exception):
    """The request itself is wrong: nothing was executed, and there are only errors."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


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
    ) -> None:
        """With `walked` graphql-core walks every answer: what the plans' own answers are compared with."""
        self.schema = schema
        self.limits = limits or Limits()
        self._rules = rules or Rules()
        self._now = now
        self._writes_to = writes_to
        self._walked = walked
        self.plans = PlanCache()
        self._store = store
        self._documents: OrderedDict[bytes, DocumentNode] = OrderedDict()

    async def answer(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
        *,
        only_queries: bool = False,
        viewer: str = "local",
    ) -> ExecutionResult:
        """Answer a request of this viewer; raises RequestRefused when it cannot be executed at all."""
        operation = self._operation(query, operation_name)
        if operation.node.operation is not OperationType.QUERY and only_queries:
            raise MutationByGet
        if operation.node.operation is OperationType.SUBSCRIPTION:
            raise RequestRefused([coded("OPERATION_NOT_SUPPORTED", "This API has queries and mutations.")])
        clock = Clock(self._now(), self._rules.activity)
        bench = None if self._writes_to is None else Bench(self._writes_to, self._rules, viewer)
        result = await execute(
            self.schema,
            self._store,
            self.plans,
            operation,
            variables,
            clock=clock,
            most_rows=self.limits.rows,
            bench=bench,
            walked=self._walked,
        )
        if result.data is None and result.errors and all(error.path is None for error in result.errors):
            raise RequestRefused(result.errors)
        return result

    def _operation(self, query: str, name: str | None) -> Operation:
        digest = blake2b(query.encode(), digest_size=16).digest()
        document = self._documents.get(digest)
        if document is None:
            document = self._valid(query)
            self._documents[digest] = document
            if len(self._documents) > MOST_DOCUMENTS:
                self._documents.popitem(last=False)
        else:
            self._documents.move_to_end(digest)
        return Operation(document, _operation_node(document, name), digest)

    def _valid(self, query: str) -> DocumentNode:
        try:
            document = parse(
                query,
                max_lexical_tokens=self.limits.tokens,
                max_comments=self.limits.tokens,
                allow_empty_selection_sets=False,
            )
        except GraphQLSyntaxError as error:
            error.extensions = {"code": "GRAPHQL_PARSE_FAILED"}
            raise RequestRefused([error]) from None
        except GraphQLError as error:
            error.extensions = {"code": "GRAPHQL_PARSE_FAILED", **(error.extensions or {})}
            raise RequestRefused([error]) from None
        try:
            check_limits(document, self.limits)
        except GraphQLError as error:
            raise RequestRefused([error]) from None
        if errors := validate(self.schema, document, max_errors=20):
            for invalid in errors:
                invalid.extensions = {"code": "GRAPHQL_VALIDATION_FAILED", **(invalid.extensions or {})}
            raise RequestRefused(errors)
        return document


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
