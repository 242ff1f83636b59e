"""`c360 link FILE`: who is who in any table; `c360 link evaluate`: how right that is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from typer.core import TyperGroup

from api.cli.examples import examples
from api.cli.invocation import JsonOption, UsageProblem, of
from api.cli.output import print_json
from api.cli.progress import shown_progress
from graph.linkage.tables import FileLinkage, evaluate_files, link_file

_FILE = "file"


class _FileOrNoun(TyperGroup):
    """`c360 link people.csv` is `c360 link file people.csv`: the first word is a file unless it is a command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = [_FILE, *args]
        return list(super().parse_args(ctx, args))


def hang_on(app: typer.Typer) -> None:
    group = typer.Typer(
        cls=_FileOrNoun,
        no_args_is_help=True,
        help="Find out who is who in a table: [bold]c360 link FILE -o OUT[/]; or say how right clusters are.",
        epilog=examples("c360 link people.csv -o who.csv", "c360 link evaluate who.csv truth.csv"),
    )
    group.command(
        _FILE,
        epilog=examples("c360 link people.csv -o who.csv", "c360 link a.csv -o b.parquet --map last_name=nachname"),
    )(link)
    group.command("evaluate", epilog=examples("c360 link evaluate who.csv truth.csv --json"))(evaluate)
    app.add_typer(group, name="link")


def link(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet of records of people; columns are recognised.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Where to write record_id, customer_id, weight (.csv, .parquet).")
    ],
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="Take a field from this column; repeatable."),
    ] = None,
    encoding: Annotated[str, typer.Option("--encoding", help="Of a CSV.")] = "utf-8",
    as_json: JsonOption = False,
) -> None:
    """Find out which records of a table are the same person (write `c360 link FILE -o OUT`)."""
    invocation = of(context)
    with shown_progress(invocation.err) as progress:
        done = 0
        progress.phase("link", 100)

        def show(_step: str, share: float) -> None:
            nonlocal done
            now = min(100, int(share * 100))
            progress.advance("link", max(0, now - done))
            done = max(done, now)

        linked = link_file(
            file,
            out,
            mapping=_pairs(mapping or []),
            rules=invocation.rules().matching,
            encoding=encoding,
            progress=show,
            warn=invocation.say,
        )
    result = _result(linked, out)
    if as_json:
        print_json(invocation.out, result)
        return
    for line in linked.recognised.lines():
        invocation.say(line)
    invocation.out.print(f"{result['records']:,} records are {result['customers']:,} people. Wrote {out}.")


def evaluate(
    context: typer.Context,
    clusters: Annotated[Path, typer.Argument(help="Records with their cluster, as `c360 link` writes them.")],
    truth: Annotated[Path, typer.Argument(help="The same records with their true person.")],
    as_json: JsonOption = False,
) -> None:
    """Compare clusters with the truth: precision, recall and F1 over pairs and records."""
    invocation = of(context)
    evaluation = evaluate_files(clusters, truth)
    if as_json:
        print_json(invocation.out, msgspec.to_builtins(evaluation))
        return
    for line in evaluation.lines():
        invocation.out.print(line)


def _pairs(mapping: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in mapping:
        field, equals, column = text.partition("=")
        if not equals or not field or not column:
            raise UsageProblem(f"--map {text}: write it as FIELD=COLUMN, e.g. --map last_name=nachname")
        pairs[field] = column
    return pairs


def _result(linked: FileLinkage, out: Path) -> dict[str, Any]:
    labels = linked.linkage.labels
    return {
        "records": linked.rows,
        "customers": len(set(labels.tolist())),
        "out": str(out),
        "columns": {name: list(columns) for name, columns in linked.recognised.columns.items()},
        "ignored": list(linked.recognised.ignored),
        "model": linked.linkage.model.version,
    }
