"""The demo: the point of it all, computed from the graph."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.sample import MARA_EMAIL
from graph.figures.figure import Figure
from graph.figures.onboarding import onboarding_success
from graph.figures.scope import Scope
from graph.journeys.period import Period
from graph.journeys.read import read_journeys
from graph.rules import read_rules
from graph.store.driver import open_store
from tests.api.cli.calls import Shell
from tests.demo_company import DemoCompany, demo_company
from tests.journeys import ms

C360 = str(Path(sys.executable).with_name("c360"))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> DemoCompany:
    return demo_company(tmp_path_factory)


@pytest.fixture(scope="module")
def summary(company: DemoCompany) -> Any:
    """What `c360 demo --once --json` printed."""
    return json.loads(company.summary)


def test_the_summary_tells_of_one_person_across_three_silos(summary: Any) -> None:
    """Counts that differ, three records, three lines of evidence, eight steps, two questions, one low score."""
    comparison, person = summary["comparison"], summary["person"]

    counts = comparison["records"]
    assert set(counts) == {"crm", "marketing", "helpdesk"}
    assert max(counts.values()) < comparison["people"] < sum(counts.values())
    assert all(f"{number:,}" in comparison["sentence"] for number in (*counts.values(), comparison["people"]))

    assert person["email"] == MARA_EMAIL
    assert sorted(record["key"].split("/")[0] for record in person["records"]) == ["crm", "helpdesk", "marketing"]
    assert len({record["name"] for record in person["records"]}) > 1
    assert len(person["evidence"]) == 3
    assert all(re.search(r"\(\+\d+\.\d bits\)$", line) for line in person["evidence"])
    assert len(person["journey"]) == 8
    assert {"marketing", "sales", "service"} <= {moment["function"] for moment in person["journey"]}
    assert [moment["at"] for moment in person["journey"]] == sorted(moment["at"] for moment in person["journey"])
    assert {"phone", "company"} == {asked["field"] for asked in person["asked_twice"]}
    assert person["low_score"]["comment"]
    assert len(summary["queries"]) == 3


def test_a_second_demo_uses_the_folder_again(summary: Any, company: DemoCompany) -> None:
    """The same folder, without saying its size: nothing is made or derived anew, and the story is the same."""
    again = Shell(company.folder)("demo", "--once", "--data", str(company.data))

    assert again.code == 0, again.err
    assert "Using the sample of 300 customers" in again.err
    assert "make the sample company" not in again.err
    assert "derive customers:" not in again.err
    assert summary["comparison"]["sentence"] in again.out
    assert f"<{MARA_EMAIL}>" in again.out
    assert summary["person"]["low_score"]["comment"] in again.out


def test_onboarding_is_configured_in_the_sample_company(company: DemoCompany) -> None:
    """Its milestone is the second order, or the renewal: some get there within the 90 days, some do not."""
    rules, moment = read_rules(company.data / "rules.toml"), ms("2026-07-01")

    async def asked() -> Figure:
        async with open_store(company.store) as store:
            journeys = await read_journeys(store, rules, 0)
        year = Period(date(2025, 7, 1), date(2026, 7, 1))
        return onboarding_success.figure(Scope(journeys.view(as_of=moment), year, moment))

    figure = asyncio.run(asked())

    assert figure.value is not None, figure.note
    assert 0 < figure.value < 100


@pytest.fixture
def served(summary: Any, company: DemoCompany) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The demo as a process of its own, and its address."""
    log = company.folder / "served.log"
    with log.open("w") as err:
        process = subprocess.Popen(
            [C360, "demo", "--port", "0", "--data", str(company.data)],
            cwd=company.folder, env={**os.environ, "COLUMNS": "200"}, stdout=subprocess.PIPE, stderr=err, text=True,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        address = None
        while address is None and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
            found = re.search(r"GraphQL (http://\S+)/graphql", log.read_text())
            address = found[1] if found else None
        assert address is not None, log.read_text()
        yield process, address
        if process.poll() is None:
            process.kill()
            process.wait()


def test_the_printed_queries_are_answered_by_the_served_api(
    summary: Any, served: tuple[subprocess.Popen[str], str]
) -> None:
    """Each query that the demo prints has an answer there, GraphiQL is there too, and Ctrl-C ends it with 130."""
    process, address = served
    for query in summary["queries"]:
        answer = httpx.post(f"{address}/graphql", json={"query": query}, timeout=30).json()
        assert "errors" not in answer, answer
        assert all(answer["data"].values())
    assert httpx.get(f"{address}/graphiql").status_code == 200

    process.send_signal(signal.SIGINT)

    assert process.wait(30) == 130


@pytest.mark.long
def test_the_demo_prints_what_the_readme_shows(tmp_path: Path) -> None:
    """Word for word, the numbers of a company of the usual size among it."""
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```text\n(.*?)^```", readme, re.M | re.S)[0]
    made = Shell(tmp_path)("demo", "--once", "--data", str(tmp_path / "c360-demo"))

    assert made.code == 0, made.err
    assert "together they are" in shown
    assert [line for line in shown.splitlines() if line.rstrip() not in map(str.rstrip, made.out.splitlines())] == []
