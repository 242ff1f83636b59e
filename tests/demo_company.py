"""One small demo for all tests that need it: made once a test run, served and asked by several."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

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
