"""`c360 restore`: a graph out of a backup."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, of, run
from api.cli.output import print_json
from api.cli.progress import shown_progress
from graph.backup.restore import Restored
from graph.backup.restore import restore as restore_graph
from graph.store.driver import open_store


def hang_on(app: typer.Typer) -> None:
    app.command("restore", epilog=examples("C360_STORE=embedded:./again c360 restore monday.c360"))(restore)


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `c360 backup` wrote.")],
    as_json: JsonOption = False,
) -> None:
    """Restore a backup into an empty store and make again what is derived; when stopped, run it again to go on."""
    invocation = of(context)
    restored = run(_restored(invocation, file))
    if as_json:
        print_json(invocation.out, msgspec.to_builtins(restored))
        return
    records, interactions = restored.number_of("SourceRecord"), restored.number_of("Interaction")
    invocation.out.print(
        f"{records:,} records and {interactions:,} interactions are restored. Digest: {restored.digest.value}"
        + (", as it was when the backup was made." if restored.differs == () else ".")
    )
    if restored.differs is None:
        invocation.say(
            "This version makes digests otherwise than the one that made the backup: they were not compared."
        )
    if restored.differs:
        invocation.say(
            f"Made again by other rules, or another version, than when it was backed up: {', '.join(restored.differs)}."
        )


async def _restored(invocation: Invocation, file: Path) -> Restored:
    rules = invocation.rules()
    async with open_store(invocation.store()) as store:
        with shown_progress(invocation.err) as progress:
            return await restore_graph(store, file, rules, progress)
