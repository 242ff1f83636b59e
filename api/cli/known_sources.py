"""`c360 sources`: the sources that the graph knows, and how one is taken away."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, of, opened, run, with_store
from api.cli.output import print_json, print_table
from api.cli.progress import shown_progress
from graph.sync.known_sources import known_sources
from graph.sync.removal import Removal, plan_removal, remove_source


def hang_on(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The sources that the graph knows: see them, take one away.")
    group.command("list", epilog=examples("c360 sources list", "c360 sources list --json"))(list_them)
    group.command("remove", epilog=examples("c360 sources remove shop --dry-run", "c360 sources remove shop --yes"))(
        remove
    )
    app.add_typer(group, name="sources")


def list_them(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the sources with what they gave, when they were last read, and what went wrong."""
    invocation = of(context)
    found = with_store(invocation.store(), known_sources)
    if as_json:
        print_json(invocation.out, [msgspec.to_builtins(one) for one in found])
        return
    rows = [
        (
            one.name,
            one.connector,
            one.status,
            one.records,
            one.interactions,
            one.rejections,
            None if one.last_success_at is None else f"{one.last_success_at:%Y-%m-%d %H:%M}",
            one.error,
        )
        for one in found
    ]
    columns = ("source", "connector", "status", "records", "interactions", "rejected", "last success", "error")
    print_table(invocation.out, columns, rows)


def remove(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A source that the graph knows.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take away everything a source said, for good, and work out again what followed from it.

    What people decided stays. Killed, run it again. Take its section out of plugins.toml, or a sync reads it anew.
    """
    invocation = of(context)
    plan = with_store(invocation.store(), lambda store: plan_removal(store, source))
    if not dry_run and not yes:
        typer.confirm(f"{_sentence(plan, 'would go')} Take them away for good?", abort=True, err=True)
    removal = plan if dry_run else run(_removed(invocation, source))
    if as_json:
        print_json(invocation.out, msgspec.to_builtins(removal))
    else:
        invocation.out.print(_sentence(removal, "would go" if dry_run else "are gone"), markup=False)


def _sentence(removal: Removal, what: str) -> str:
    return (
        f"{removal.records:,} records, {removal.interactions:,} interactions and {removal.rejections:,} rejections of "
        f"{removal.source} {what}, with {removal.customers:,} customers whom no other source knows."
    )


async def _removed(invocation: Invocation, source: str) -> Removal:
    rules = invocation.rules()
    async with opened(invocation.store()) as store:
        with shown_progress(invocation.err) as progress:
            return await remove_source(store, rules, source, progress)
