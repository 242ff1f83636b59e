"""What one call of c360 knows before its command begins: the folder, how much to say, and where to say it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console

from connectors.errors import C360Error
from graph.rules import Rules, read_rules

if TYPE_CHECKING:
    from graph.store.driver import Store
    from graph.store.settings import StoreSettings

# The store and its drivers are imported where they are used: linking a table needs neither, nor does `--help`.

T = TypeVar("T")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of tables for people.")]


class UsageProblem(C360Error):
    """The call cannot mean anything: an option, a variable, a name or a folder must be another."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """The global options; answers go to `out`, everything else to `err`, so that `--json` can be piped."""

    config: Path
    verbose: bool = False
    out: Console = field(default_factory=lambda: Console(soft_wrap=True, highlight=False))
    err: Console = field(default_factory=lambda: Console(stderr=True, soft_wrap=True, highlight=False))

    @property
    def plugins_toml(self) -> Path:
        return self.config / "plugins.toml"

    def rules(self) -> Rules:
        """rules.toml of the folder, or the shipped rules when it has none; raises RulesError."""
        return rules_in(self.config)

    def store(self, uri: str | None = None) -> StoreSettings:
        """Where the graph is: the address given, else C360_STORE; raises UsageProblem when it cannot be one."""
        from graph.store.errors import StoreError
        from graph.store.settings import StoreSettings

        environment = dict(os.environ) if uri is None else {**os.environ, "C360_STORE": uri}
        try:
            return StoreSettings.from_environment(environment)
        except StoreError as error:
            raise UsageProblem(str(error) if uri is None else str(error).replace("C360_STORE:", "--store:")) from None

    def say(self, text: str) -> None:
        """A line for whoever watches."""
        self.err.print(text, markup=False)


def of(context: typer.Context) -> Invocation:
    """The invocation that a command belongs to."""
    found = context.find_root().obj
    assert isinstance(found, Invocation)
    return found


def run(work: Coroutine[Any, Any, T], *, serves: bool = False) -> T:
    """Run a command's work; Ctrl-C cancels it where it stands, and what is committed stays.

    SIGTERM does the same and raises Terminated. What `serves` runs on uvloop, which answers more requests a second,
    where there is one; it takes signals for itself.
    """
    asked: list[int] = []
    with asyncio.Runner(loop_factory=_fast_loop() if serves else None) as runner:
        try:
            return runner.run(_ended_by_sigterm(work, asked))
        except asyncio.CancelledError:
            if asked:
                raise Terminated from None
            raise


class Terminated(KeyboardInterrupt):
    """The process was asked to end by SIGTERM."""


async def _ended_by_sigterm(work: Coroutine[Any, Any, T], asked: list[int]) -> T:
    """SIGTERM cancels the work: what is open is closed, and processes that it started are ended."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def ask() -> None:
        asked.append(signal.SIGTERM)
        task.cancel()

    with suppress(NotImplementedError, RuntimeError, ValueError):  # on Windows, or beside the main thread
        loop.add_signal_handler(signal.SIGTERM, ask)
    try:
        return await work
    finally:
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.remove_signal_handler(signal.SIGTERM)


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        return None
    return uvloop.new_event_loop


def with_store(settings: StoreSettings, work: Callable[[Store], Awaitable[T]]) -> T:
    """Open the store, bring its schema up to date, and work with it."""

    async def story() -> T:
        async with opened(settings) as store:
            return await work(store)

    return run(story())


def opened(settings: StoreSettings) -> AbstractAsyncContextManager[Store]:
    """The store with a schema that is up to date; raises StoreError."""
    from api.traces import traced_process
    from graph.store.driver import open_store
    from graph.store.migrate import migrate

    @asynccontextmanager
    async def story() -> Any:
        with traced_process() as tracer:
            async with open_store(settings, tracer) as store:
                await migrate(store)
                yield store

    return story()


def rules_in(folder: Path) -> Rules:
    """rules.toml of the folder, or the shipped rules when it has none; raises RulesError."""
    path = folder / "rules.toml"
    return read_rules(path if path.exists() else None)
