"""The graph for analysts: ask it from a notebook or a script, without async; answers are Arrow tables.

    from c360 import connect

    with connect() as graph:
        flow = graph.ask("journey_flow", top=10).to_pandas()

Work runs on an event loop in a thread of its own, so that it can be called where a loop runs already, as in Jupyter.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self, TypeVar

import pyarrow as pa

from graph.answers.columns import ask_kept
from graph.arrow import table_of
from graph.ask import ask_table, has_default, text_of
from graph.chart import Chart, can_be_drawn, chart_of, charted
from graph.cypher import questions
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.store.driver import Store, open_store
from graph.store.errors import StoreError
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings

T = TypeVar("T")


def connect(
    uri: str | None = None, *, user: str | None = None, password: str | None = None, columns: bool = True
) -> Graph:
    """Open a graph: `embedded:PATH` or the Bolt address of a Neo4j; what is not given is read from C360_STORE….

    Questions that the journeys' columns answer are answered from these where they are kept; without `columns` all are
    asked of the graph itself, which gives the same rows. Raises StoreError when it cannot be reached.
    """
    given = {"C360_STORE": uri, "C360_STORE_USER": user, "C360_STORE_PASSWORD": password}
    said = {name: value for name, value in given.items() if value is not None}
    return Graph(StoreSettings.from_environment({**os.environ, **said}), columns=columns)


class Graph:
    """An open graph. Close it, or use it in a `with`; a program that ends closes it too."""

    def __init__(self, settings: StoreSettings, *, columns: bool = True) -> None:
        self.uri = settings.uri
        self._columns = columns
        self._work = _Work()
        self._stack = AsyncExitStack()
        try:
            self._store, self._keeper = self._work.do(_opened(self._stack, settings))
        except BaseException:
            self._work.end()
            raise
        self._end = weakref.finalize(self, _close, self._work, self._stack)

    def ask(self, question: str, parameters: Mapping[str, Any] | None = None, /, **named: Any) -> pa.Table:
        """The answer to a shipped question, one row a row; a moment is a timestamp in UTC, a list a list.

        Parameters are named, or given as a map: `from` is a word of Python, so write `from_` or `{"from": "lead"}`.
        Each is a text as on the command line or a value of its kind. An answer from the journeys' columns says so in
        `schema.metadata`: `c360.from` is `columns`, `c360.changed_at` when what they hold changed last. Raises
        QuestionError and StoreError.
        """
        if not self._end.alive:
            raise StoreError(f"This graph is closed. Open it again: connect({self.uri!r}).")
        given = {**(parameters or {}), **{name.removesuffix("_"): value for name, value in named.items()}}
        return self._work.do(self._asked(question, given))

    def chart(self, question: str, parameters: Mapping[str, Any] | None = None, /, **named: Any) -> Chart:
        """The answer drawn: Jupyter shows it, `.svg()` renders it, `.spec` is Vega-Lite, `.table` what is drawn.

        Asked like `ask`. Raises QuestionError when the question has no chart, ChartError when there is nothing to see.
        """
        return chart_of(question, self.ask(can_be_drawn(question), parameters, **named))

    async def _asked(self, question: str, given: Mapping[str, Any]) -> pa.Table:
        kept = await ask_kept(self._store, self._keeper, question, given) if self._columns else None
        if kept is None:
            return await ask_table(self._store, question, given)
        said = {"c360.from": "columns"}
        if kept.changed_at is not None:
            said["c360.changed_at"] = kept.changed_at.isoformat()
        return table_of(kept.answer.columns, kept.answer.rows).replace_schema_metadata(said)

    def questions(self) -> pa.Table:
        """What can be asked: `question`, `description`, `needs` and `takes` (parameters without and with a default).

        `chart` says which of them can be drawn.
        """
        rows, drawn = [], charted()
        for one in questions():
            needs = [parameter.name for parameter in one.parameters if not has_default(parameter)]
            takes = [parameter.name for parameter in one.parameters if has_default(parameter)]
            rows.append((one.name, one.description, needs, takes, one.name in drawn))
        return table_of(("question", "description", "needs", "takes", "chart"), rows)

    def cypher(self, question: str) -> str:
        """The Cypher of a question, its parameters on top, to paste into Neo4j Browser. Raises QuestionError."""
        return text_of(question)

    def close(self) -> None:
        """Close the connections; an embedded graph's server ends with the last who uses it."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Graph {self.uri}{'' if self._end.alive else ', closed'}>"


async def _opened(stack: AsyncExitStack, settings: StoreSettings) -> tuple[Store, JourneyKeeper]:
    store = await stack.enter_async_context(open_store(settings))
    try:
        await migrate(store)
    except BaseException:
        await stack.aclose()
        raise
    keeper = JourneyKeeper(store, Rules())
    stack.push_async_callback(keeper.close)
    return store, keeper


def _close(work: _Work, stack: AsyncExitStack) -> None:
    try:
        work.do(stack.aclose())
    finally:
        work.end()


class _Work:
    """An event loop in a thread of its own, which does one thing after the other for whoever waits."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="c360 graph", daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for the work; when the waiting is interrupted, the work is given up."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
