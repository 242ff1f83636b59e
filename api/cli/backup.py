"""`c360 backup`: all facts of the graph in one file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, of, opened, run
from api.cli.output import print_json
from api.cli.progress import shown_progress
from graph.backup.backup import Backup
from graph.backup.backup import backup as back_up


def hang_on(app: typer.Typer) -> None:
    app.command("backup", epilog=examples("c360 backup monday.c360", "c360 backup tuesday.c360 --json"))(backup)


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file; only its user may read it.")],
    as_json: JsonOption = False,
) -> None:
    """Back up what sources said and people decided, into one file; what is derived is made again on restore."""
    invocation = of(context)
    made = run(_made(invocation, file))
    if as_json:
        print_json(invocation.out, msgspec.to_builtins(made))
        return
    records, interactions = made.number_of("SourceRecord"), made.number_of("Interaction")
    invocation.out.print(
        f"{records:,} records and {interactions:,} interactions are in {made.path} ({made.bytes / 1e6:,.1f} MB). "
        f"Digest of the graph: {made.digest}.",
        markup=False,
    )


async def _made(invocation: Invocation, file: Path) -> Backup:
    async with opened(invocation.store()) as store:
        with shown_progress(invocation.err) as progress:
            return await back_up(store, file, datetime.now(UTC), progress)
