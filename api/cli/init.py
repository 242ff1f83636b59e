"""`c360 init`: recognise the exports in a folder and write plugins.toml for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.examples import examples
from api.cli.invocation import Invocation, UsageProblem, of
from api.cli.output import print_table
from api.cli.preview import print_records
from connectors.inspect import Inspection, inspect_folder


def hang_on(app: typer.Typer) -> None:
    app.command("init", epilog=examples("c360 init ./exports", "c360 --config ./acme init ./exports --force"))(init)


def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder with the exports.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a plugins.toml that is there.")] = False,
) -> None:
    """Recognise the exports in a folder, write plugins.toml, show what would be read."""
    invocation = of(context)
    if not folder.is_dir():
        raise UsageProblem(f"{folder}: there is no such folder. Name the folder that holds the exports.")
    target = invocation.plugins_toml
    if target.exists() and not force:
        raise UsageProblem(f"{target} is there already. Use --force to replace it, or --config DIR for another folder.")
    inspection = inspect_folder(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(inspection.to_toml(target.parent), encoding="utf-8")
    _show(invocation, inspection)
    invocation.out.print(f"Wrote {target}.", markup=False)
    if inspection.recognised:
        prefix = "c360" if invocation.config == Path() else f"c360 --config {invocation.config}"
        invocation.out.print(f"Look at what would be read: {prefix} sync --preview. Then: {prefix} sync", markup=False)
    else:
        invocation.out.print("No export was recognised: map the columns there, then: c360 sync --preview")


def _show(invocation: Invocation, inspection: Inspection) -> None:
    rows = [
        (found.path.relative_to(inspection.folder), found.format, f"{found.confidence:.0%}", found.why)
        for found in inspection.recognised
    ]
    if rows:
        print_table(invocation.out, ("file", "format", "sure", "because"), rows)
    for unknown in inspection.unknown:
        nearest = f" The nearest format is {unknown.nearest}." if unknown.nearest else ""
        place = unknown.path.relative_to(inspection.folder)
        invocation.out.print(f"Not recognised: {place}: {unknown.why}.{nearest}", markup=False)
    for found in inspection.recognised:
        if found.preview:
            print_records(invocation.out, str(found.path.relative_to(inspection.folder)), found.preview)
