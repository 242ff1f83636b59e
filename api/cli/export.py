"""`c360 export`: customers, interactions, records or links as one file of columns."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.examples import examples
from api.cli.invocation import JsonOption, UsageProblem, of, opened, run
from api.cli.output import print_json
from api.cli.progress import shown_progress
from graph.export import Exported, What
from graph.export import export as export_graph
from graph.table_file import TableFileError, TableFormat, format_of


class Kind(enum.StrEnum):
    """What can be exported."""

    CUSTOMERS = "customers"
    INTERACTIONS = "interactions"
    RECORDS = "records"
    LINKS = "links"


class Format(enum.StrEnum):
    """As what."""

    CSV = "csv"
    PARQUET = "parquet"


def hang_on(app: typer.Typer) -> None:
    app.command(
        "export",
        epilog=examples(
            "c360 export customers -o customers.parquet",
            "c360 export interactions -o interactions.csv --json",
            "c360 export links --format parquet -o links",
        ),
    )(export)


def export(
    context: typer.Context,
    what: Annotated[Kind, typer.Argument(help="customers, interactions, records, or links: which record is whom.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where to write it (.parquet, .csv).")],
    form: Annotated[Format | None, typer.Option("--format", help="What the file holds; else its name says it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write all customers, interactions, records or links to a file, for pandas, polars or a warehouse.

    The file holds personal data as it is, and nobody's masks: only you can read it. It is there when it is whole.
    """
    invocation = of(context)
    kind = _format(form, out)
    settings = invocation.store()
    wanted: What = what.value

    async def story() -> Exported:
        async with opened(settings) as store:
            with shown_progress(invocation.err) as progress:
                return await export_graph(store, wanted, out, kind, progress)

    done = run(story())
    if as_json:
        print_json(invocation.out, done)
    else:
        said = f"Wrote {done.rows:,} {done.what} to {out} ({done.bytes / 1e6:,.1f} MB, {done.seconds:,.1f} s)."
        invocation.out.print(said, markup=False)


def _format(form: Format | None, out: Path) -> TableFormat:
    if form is not None:
        return form.value
    try:
        return format_of(out)
    except TableFileError as error:
        raise UsageProblem(f"-o {error}") from None
