"""`c360 sample`: the sample company's exports, with the truth about who is who."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, of
from api.cli.output import print_json
from api.cli.progress import shown_progress
from connectors.sample import SampleSummary, generate

CustomersOption = Annotated[int, typer.Option("--customers", min=1, max=1_000_000, help="How many customers.")]
SeedOption = Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")]


def hang_on(app: typer.Typer) -> None:
    app.command(
        "sample", epilog=examples("c360 sample ./sample --customers 1000 --seed 7", "c360 sample ./hard --hard")
    )(sample)


def sample(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write the exports, plugins.toml and truth.")],
    customers: CustomersOption = 2_000,
    seed: SeedOption = 1,
    hard: Annotated[bool, typer.Option("--hard", help="Dirtier records, harder to link.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a sample company: exports of a CRM, a marketing tool and a helpdesk, and `truth.parquet`."""
    invocation = of(context)
    made = make_sample(invocation, folder, customers, seed, hard=hard)
    if as_json:
        print_json(invocation.out, {"directory": str(folder), "customers": customers, "seed": seed, "hard": hard,
                                    "rows": dict(made.rows), "records": dict(made.records)})  # fmt: skip
        return
    counts = ", ".join(f"{source} {number:,}" for source, number in made.records.items())
    invocation.out.print(f"{customers:,} people; records: {counts}. Wrote {folder}.")
    invocation.out.print(f"Next: [bold]c360 --config {folder} sync[/]")


def make_sample(
    invocation: Invocation, folder: Path, customers: int, seed: int, *, hard: bool = False
) -> SampleSummary:
    """Generate the sample with progress; raises OSError when the folder cannot be written."""
    with shown_progress(invocation.err) as progress:
        progress.phase("make the sample company", customers)
        shown = 0

        def show(done: int, _total: int) -> None:
            nonlocal shown
            progress.advance("make the sample company", done - shown)
            shown = done

        folder.mkdir(parents=True, exist_ok=True)
        made = generate(folder, customers, seed, hard, show)
        progress.advance("make the sample company", customers - shown)
        return made
