"""`c360 link evaluate`: how right clusters are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from api.cli.examples import examples
from api.cli.invocation import JsonOption, of
from api.cli.output import print_json
from graph.linkage.tables import evaluate_files


def hang_on(app: typer.Typer) -> None:
    app.command("evaluate", epilog=examples("c360 link evaluate who.csv truth.csv --json"))(evaluate)


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
