"""`c360 ask`: ask the graph a question that is shipped, see its text, or take its answer along as a file."""

from __future__ import annotations

import enum
import io
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer

from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, UsageProblem, of, with_store
from api.cli.output import json_text, print_json, print_table
from graph.answers.columns import ANSWERED, ask_kept
from graph.arrow import table_of
from graph.ask import Answer, ask_table, has_default, known, parameter_values, text_of
from graph.ask import ask as ask_graph
from graph.chart import can_be_drawn, chart_of
from graph.cypher import Question, questions
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.store.driver import Store
from graph.table_file import TableFileError, TableFormat, TableWriter, format_of, table_file, whole_file


class Origin(enum.StrEnum):
    """Where an answer comes from."""

    COLUMNS = "columns"
    GRAPH = "graph"


class Format(enum.StrEnum):
    """What an answer can be written as."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


def hang_on(app: typer.Typer) -> None:
    app.command(
        "ask",
        epilog=examples(
            "c360 ask --list",
            "c360 ask handoffs --param since=2026-01-01",
            "c360 ask ordered_funnel --param steps=form.submitted,deal.won --json",
            "c360 ask journey_flow --format csv",
            "c360 ask silent_customers -o silent.parquet",
            "c360 ask journey_flow --svg flow.svg -o flow.csv",
            "c360 ask silent_customers --text",
            "c360 ask dwell --from graph",
        ),
    )(ask)


def ask(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="The question; without it all are listed.")] = None,
    params: Annotated[
        list[str] | None, typer.Option("--param", "-p", metavar="K=V", help="A parameter of it; repeatable.")
    ] = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="Of the answer; else what the file's name says, else a table.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the answer here (.json, .csv, .parquet).")
    ] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Draw the answer here, where the question has a chart.")
    ] = None,
    origin: Annotated[
        Origin | None,
        typer.Option("--from", help="Of the few questions that kept columns answer too; else columns where kept."),
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Print the Cypher, to paste into Neo4j Browser.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the questions with their parameters.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Ask the graph a shipped question; without a name, list them.

    dwell, journey_flow, ordered_funnel, loops, paths_to_ticket, paths_before_churn, what_followed,
    conversion_sequences, handoffs, ping_pong, reactivations, repeat_contact, repeated_questions, silent_customers,
    unanswered_detractors, time_between_stages and stage_curve are answered from the journeys' columns where these are
    kept beside the store, with all that the change log tells; --from graph runs the Cypher instead, which gives the
    same.

    --svg draws the answer, and -o beside it writes the table that is drawn; it needs the extra "charts".

    A question that there is not, and a parameter that is missing or cannot be read, end with 2; a store that cannot be
    reached, and a file that cannot be written, with 1.
    """
    invocation = of(context)
    if name is None or listed:
        if name is not None:
            raise UsageProblem(f"--list lists all questions: leave out '{name}', or leave out --list.")
        _list(invocation, as_json)
    elif text:
        invocation.out.file.write(text_of(name))
    else:
        wanted = _format(form, out, as_json)
        if svg is not None and out is None and wanted is not Format.TABLE:
            raise UsageProblem(f"--svg {svg} draws the answer; to have its rows as well, say where with -o FILE.")
        name, given = known(name), _pairs(params or [])
        parameter_values(name, given)  # refused before the store is started
        if origin is Origin.COLUMNS and name not in ANSWERED:
            raise UsageProblem(f"--from columns: they answer {', '.join(sorted(ANSWERED))}, not {name}.")
        if svg is None:
            _answer(invocation, name, given, wanted, out, origin)
        else:
            _draw(invocation, can_be_drawn(name), given, svg, wanted, out, origin)


def _format(form: Format | None, out: Path | None, as_json: bool) -> Format:
    """What is wanted, from all that was said of it; raises UsageProblem when that cannot be."""
    if as_json and form not in (None, Format.JSON):
        raise UsageProblem(f"--json and --format {form}: say one of them.")
    if as_json:
        return Format.JSON
    wanted = form or (Format.TABLE if out is None else _format_of(out))
    if wanted is Format.TABLE and out is not None:
        raise UsageProblem("--format table is for the terminal: a file is json, csv or parquet.")
    if wanted is Format.PARQUET and out is None:
        raise UsageProblem("--format parquet needs a file: say where with -o FILE.")
    return wanted


def _format_of(out: Path) -> Format:
    if out.suffix.lower() == ".json":
        return Format.JSON
    try:
        return Format(format_of(out))
    except TableFileError:
        raise UsageProblem(f"-o {out}: end the name in .json, .csv or .parquet, or say --format.") from None


def _answer(
    invocation: Invocation, name: str, given: dict[str, str], wanted: Format, out: Path | None, origin: Origin | None
) -> None:
    if wanted in (Format.CSV, Format.PARQUET):
        table = with_store(invocation.store(), lambda store: _table(invocation, store, name, given, origin))
        _write(invocation, table, wanted, out)
        return
    answer = with_store(invocation.store(), lambda store: _rows(invocation, store, name, given, origin))
    if out is not None:
        _write_json(invocation, answer.as_maps(), out)
    elif wanted is Format.JSON:
        print_json(invocation.out, answer.as_maps())
    else:
        print_table(invocation.out, answer.columns, answer.rows)


async def _rows(
    invocation: Invocation, store: Store, name: str, given: dict[str, str], origin: Origin | None
) -> Answer:
    return await _from_columns(invocation, store, name, given, origin) or await ask_graph(store, name, given)


async def _table(
    invocation: Invocation, store: Store, name: str, given: dict[str, str], origin: Origin | None
) -> pa.Table:
    answer = await _from_columns(invocation, store, name, given, origin)
    return await ask_table(store, name, given) if answer is None else table_of(answer.columns, answer.rows)


async def _from_columns(
    invocation: Invocation, store: Store, name: str, given: dict[str, str], origin: Origin | None
) -> Answer | None:
    """The answer from kept columns, and a line that says so; None where it is the graph's to answer."""
    if name not in ANSWERED or origin is Origin.GRAPH:
        return None
    kept = await ask_kept(store, JourneyKeeper(store, Rules()), name, given)
    if kept is None:
        if origin is Origin.COLUMNS:
            raise UsageProblem("--from columns: none are kept. `c360 serve` and `c360 alerts evaluate` keep them.")
        return None
    at = "" if kept.changed_at is None else f" as of the last change ({kept.changed_at:%Y-%m-%d %H:%M})"
    invocation.say(f"From the journeys' columns{at}; --from graph runs the Cypher.")
    return kept.answer


def _draw(
    invocation: Invocation,
    name: str,
    given: dict[str, str],
    svg: Path,
    wanted: Format,
    out: Path | None,
    origin: Origin | None,
) -> None:
    table = with_store(invocation.store(), lambda store: _table(invocation, store, name, given, origin))
    drawn = chart_of(name, table).svg()
    with whole_file(svg) as file:
        file.write(drawn.encode())
    invocation.say(f"Drew {table.num_rows:,} rows in {svg}.")
    if out is not None and wanted is Format.JSON:
        _write_json(invocation, table.to_pylist(), out)
    elif out is not None:
        _write(invocation, table, wanted, out)


def _write(invocation: Invocation, table: pa.Table, wanted: Format, out: Path | None) -> None:
    kind: TableFormat = "parquet" if wanted is Format.PARQUET else "csv"
    if out is None:
        printed = io.BytesIO()
        writer = TableWriter(printed, kind, table.schema)
        writer.write(table)
        writer.close()
        invocation.out.file.write(printed.getvalue().decode())
        return
    with table_file(out, kind, table.schema) as file:
        file.write(table)
    invocation.say(f"Wrote {table.num_rows:,} rows to {out}.")


def _write_json(invocation: Invocation, rows: list[dict[str, Any]], out: Path) -> None:
    with whole_file(out) as file:
        file.write(json_text(rows).encode())
    invocation.say(f"Wrote {len(rows):,} rows to {out}.")


def _list(invocation: Invocation, as_json: bool) -> None:
    if as_json:
        print_json(invocation.out, [_as_map(question) for question in questions()])
        return
    rows = [(question.name, ", ".join(_typed(question)) or "–", question.description) for question in questions()]
    print_table(invocation.out, ("question", "parameters", "what it tells"), rows)


def _typed(question: Question) -> list[str]:
    return [f"[{one.name}]" if has_default(one) else one.name for one in question.parameters]


def _as_map(question: Question) -> dict[str, object]:
    parameters = [
        {"name": one.name, "example": one.example, "description": one.description, "required": not has_default(one)}
        for one in question.parameters
    ]
    return {"name": question.name, "description": question.description, "parameters": parameters}


def _pairs(params: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in params:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageProblem(f"--param {text}: write it as NAME=VALUE, e.g. --param since=2026-01-01")
        pairs[key] = value
    return pairs
