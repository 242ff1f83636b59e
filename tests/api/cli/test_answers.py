"""What analysts take along: `c360 ask` in every form, and `c360 export`."""

from __future__ import annotations

import asyncio
import io
import json

import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.store.driver import open_store
from graph.store.settings import StoreSettings
from tests.api.cli.calls import PEOPLE, Shell, persons_toml
from tests.conftest import Homes


def test_an_answer_is_the_same_in_every_form(graph_shell: Shell) -> None:
    """Printed or in a file, as CSV, JSON or Parquet: the rows are those of --json."""
    graph_shell.write("plugins.toml", persons_toml())
    graph_shell.write("people.csv", PEOPLE)
    assert graph_shell("sync").code == 0
    files = {name: graph_shell.folder / f"answer.{name}" for name in ("csv", "json", "parquet")}

    rows = graph_shell("ask", "source_comparison", "--json").json
    printed = graph_shell("ask", "source_comparison", "--format", "csv").out
    said = [graph_shell("ask", "source_comparison", "-o", str(path)).err for path in files.values()]

    assert rows == [{"source": "crm", "records": 2, "people": 2, "only_here": 2, "together": 2}]
    assert pcsv.read_csv(io.BytesIO(printed.encode())).to_pylist() == rows
    assert pcsv.read_csv(files["csv"]).to_pylist() == rows
    assert json.loads(files["json"].read_text()) == rows
    assert pq.read_table(files["parquet"]).to_pylist() == rows
    assert all(f"Wrote 1 rows to {path}" in one for path, one in zip(files.values(), said, strict=True))


def test_an_answer_without_rows_has_its_columns(graph_shell: Shell) -> None:
    """A graph without customers gives the head of the table and nothing else."""
    call = graph_shell("ask", "silent_customers", "--format", "csv")

    assert call.out == '"id","name","stage","owner","last_active","quiet_days","usual_days","gaps"\n'


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--format", "parquet"], "needs a file: say where with -o FILE"),
        (["--format", "table", "-o", "a.csv"], "a file is json, csv or parquet"),
        (["-o", "a.xlsx"], "end the name in .json, .csv or .parquet"),
        (["--format", "csv", "--json"], "say one of them"),
        (["--list"], "leave out 'source_comparison'"),
        (["--svg", "a.svg"], "has no chart. Those that have one: journey_flow"),
        (["--svg", "a.svg", "--json"], "to have its rows as well, say where with -o FILE"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_store_is_asked(
    shell: Shell, arguments: list[str], says: str
) -> None:
    """The exit code is 2, and the sentence says what to say instead."""
    call = shell("ask", "source_comparison", *arguments)

    assert call.code == 2
    assert says in call.err


def test_an_answer_is_drawn_beside_its_table(graph_shell: Shell) -> None:
    """`--svg` writes the chart, `-o` the rows that it draws."""
    graph_shell.write("plugins.toml", persons_toml())
    graph_shell.write("people.csv", PEOPLE)
    assert graph_shell("sync").code == 0
    svg, rows = graph_shell.folder / "funnel.svg", graph_shell.folder / "funnel.csv"

    call = graph_shell("ask", "ordered_funnel", "-p", "steps=a,b", "--svg", str(svg), "-o", str(rows))

    assert call.code == 0, call.err
    assert svg.read_text().startswith("<svg")
    assert pcsv.read_csv(rows)["kind"].to_pylist() == ["a", "b"]


def test_a_question_is_answered_from_columns_where_they_are_kept(graph_shell: Shell, homes: Homes) -> None:
    """It says so, on the other stream; --from graph asks the graph; without columns that is what is asked anyway: 2."""
    settings = homes.of("embedded").settings
    graph_shell.write("plugins.toml", persons_toml())
    graph_shell.write("people.csv", PEOPLE)
    assert graph_shell("sync").code == 0
    before = graph_shell("ask", "dwell", "--json")
    none_kept = graph_shell("ask", "dwell", "--from", "columns")
    asyncio.run(_keep(settings))
    kept = graph_shell("ask", "dwell", "--json")
    table = graph_shell("ask", "dwell", "--format", "csv")
    forced = graph_shell("ask", "dwell", "--from", "graph", "--json")
    another = graph_shell("ask", "source_comparison", "--from", "columns")

    assert (before.code, kept.code, forced.code, table.code) == (0, 0, 0, 0)
    assert before.json == kept.json == forced.json
    assert ["columns as of the last change (" in call.err for call in (before, kept, table, forced)] == [
        False, True, True, False,
    ]  # fmt: skip
    assert (none_kept.code, another.code) == (2, 2)
    assert "c360 alerts evaluate" in none_kept.err
    assert "conversion_sequences, dwell, handoffs" in another.err.replace("\n", " ")


async def _keep(settings: StoreSettings) -> None:
    async with open_store(settings) as store:
        await JourneyKeeper(store, Rules()).current()


def test_an_export_is_a_file_and_a_summary(graph_shell: Shell) -> None:
    """`c360 export` writes what the file's name says and tells rows and bytes; --json tells the same to programs."""
    graph_shell.write("plugins.toml", persons_toml())
    graph_shell.write("people.csv", PEOPLE)
    assert graph_shell("sync").code == 0
    people, links = graph_shell.folder / "people.parquet", graph_shell.folder / "links"

    told = graph_shell("export", "customers", "-o", str(people))
    summary = graph_shell("export", "links", "--format", "csv", "-o", str(links), "--json")

    assert sorted(pq.read_table(people)["display_name"].to_pylist()) == ["Ada Quist", "Bo Lund"]
    assert f"Wrote 2 customers to {people}" in told.out
    assert "export customers: 2 of 2" in told.err
    assert {name: summary.json[name] for name in ("what", "format", "rows", "bytes")} == {
        "what": "links", "format": "csv", "rows": 2, "bytes": links.stat().st_size,
    }  # fmt: skip


def test_an_export_says_what_its_file_is_to_hold(shell: Shell) -> None:
    """A name without an ending is refused before the store is opened."""
    call = shell("export", "customers", "-o", "customers")

    assert call.code == 2
    assert "end the name in .csv or .parquet, or say --format csv or --format parquet" in call.err
