"""The notebook of examples/ runs in Jupyter's kernel, on the sample company, and says what the graph says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from graph.ask import ask
from graph.store.driver import Store, open_store
from tests.demo_company import DemoCompany, demo_company

pytestmark = pytest.mark.anyio

NOTEBOOK = Path(__file__).parent.parent / "examples" / "notebooks" / "sample_company.ipynb"
VEGA_LITE = "application/vnd.vegalite.v5+json"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> DemoCompany:
    return demo_company(tmp_path_factory)


@pytest.fixture
async def store(company: DemoCompany) -> AsyncIterator[Store]:
    """The sample company's graph, which the notebook opens beside us."""
    async with open_store(company.store) as opened:
        yield opened


@pytest.fixture
async def outputs(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the cells show, one after the other; a cell that fails fails the test."""
    monkeypatch.setenv("C360_STORE", store.uri)
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    await NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).async_execute()
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


async def test_the_notebook_answers_its_three_questions(store: Store, outputs: list[Any]) -> None:
    """Each printed sentence has the figures of the graph, and both charts are shown as Vega-Lite."""
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    charts = [output for output in outputs if VEGA_LITE in output.get("data", {})]
    stages = {"from": "lead", "to": "customer", "now": "2026-06-30"}
    (time,) = (await ask(store, "time_between_stages", stages)).as_maps()
    asked = (await ask(store, "repeated_questions")).as_maps()
    handoffs = [row for row in (await ask(store, "handoffs")).as_maps() if row["handoffs"] >= 10]
    times: dict[str, int] = {}
    for row in asked:
        times[row["field"]] = times.get(row["field"], 0) + row["times"]
    longest = max(row["median_business_hours"] for row in handoffs)

    assert f"{time['reached']} of {time['customers']} leads are customers, {time['waiting']} are not yet." in printed
    assert f"{max(times, key=lambda field: times[field])}: {max(times.values())} times." in printed
    assert f"{longest} business hours (median)" in printed
    assert len(charts) == 2


def test_the_notebook_is_kept_without_outputs() -> None:
    """What is shown is made by whoever runs it; no figure of an older graph lies in the file."""
    cells = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]

    assert [(cell.outputs, cell.execution_count) for cell in cells] == [([], None)] * len(cells)
