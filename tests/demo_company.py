"""One small demo for all tests that need it: made once a test run, served and asked by several."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from graph.store.driver import open_store
from graph.store.settings import StoreSettings
from tests.api.cli.calls import Shell

CUSTOMERS = 300


@dataclass(frozen=True, slots=True)
class DemoCompany:
    """The folder it was made in, what `c360 demo --once --json` printed, and what it showed meanwhile."""

    folder: Path
    summary: str
    progress: str

    @property
    def data(self) -> Path:
        return self.folder / "c360-demo"

    @property
    def store(self) -> StoreSettings:
        return StoreSettings(f"embedded:{self.data / 'graph'}")


@contextmanager
def kept_open(settings: StoreSettings) -> Iterator[None]:
    """Keep an embedded store's server running between calls that would each start it anew."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        runner.run(stack.enter_async_context(open_store(settings)))
        try:
            yield
        finally:
            runner.run(stack.aclose())


def demo_company(factory: pytest.TempPathFactory) -> DemoCompany:
    """The demo of this test run, made by its first user; each worker of a parallel run has its own."""
    folder = factory.getbasetemp() / "demo-company"
    summary, progress = folder / "summary.json", folder / "progress.log"
    if not summary.exists():
        folder.mkdir(exist_ok=True)
        made = Shell(folder)(
            "demo", "--once", "--json", "--customers", str(CUSTOMERS), "--data", str(folder / "c360-demo")
        )
        assert made.code == 0, made.err
        progress.write_text(made.err)
        written = folder / f"summary.{os.getpid()}"
        written.write_text(made.out)
        written.rename(summary)
    return DemoCompany(folder, summary.read_text(), progress.read_text())
