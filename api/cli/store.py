"""`c360 store`: what the graph's home holds, its digest, and a copy into another home."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, UsageProblem, of, opened, run, with_store
from api.cli.output import print_json, print_table
from api.cli.progress import shown_progress
from graph.store.copy import copy as copy_graph
from graph.store.digest import Digest
from graph.store.digest import digest as digest_of
from graph.store.driver import open_store
from graph.store.info import info as info_of
from graph.store.migrate import Migration, migrate, pending
from graph.store.settings import StoreSettings


def hang_on(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The graph's home: what it holds, its digest, copies of it.")
    group.command(
        "info", epilog=examples("c360 store info", "C360_STORE=bolt://localhost:7687 c360 store info --json")
    )(info)
    group.command("digest", epilog=examples("c360 store digest"))(digest)
    group.command("copy", epilog=examples("c360 store copy embedded:./c360-data bolt://localhost:7687"))(copy)
    group.command("upgrade", epilog=examples("c360 store upgrade --dry-run", "c360 store upgrade"))(upgrade)
    app.add_typer(group, name="store")


def info(context: typer.Context, as_json: JsonOption = False) -> None:
    """Say what the store is, what it holds, and how to open it with any Bolt client."""
    invocation = of(context)
    found = with_store(invocation.store(), info_of)
    if as_json:
        print_json(invocation.out, found)
        return
    invocation.out.print(f"{found.kind}: {found.uri} ({found.server}), schema {found.schema}", markup=False)
    print_table(invocation.out, ("nodes", "number"), list(found.nodes.items()))
    print_table(invocation.out, ("relationships", "number"), list(found.relationships.items()))
    invocation.out.print(found.how_to_open, markup=False)


def digest(context: typer.Context, as_json: JsonOption = False) -> None:
    """Print a hash of all facts and all that is derived: the same content has the same digest on any store."""
    invocation = of(context)
    found = with_store(invocation.store(), digest_of)
    _show_digest(invocation, found, as_json)


def upgrade(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list the steps.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring the graph's schema up to this version of c360; forward only, safe to stop, and one process at a time.

    Every command does so when it opens the store. Make a backup before, with the version you had.
    """
    invocation = of(context)
    steps = run(_upgraded(invocation.store(), dry_run))
    if as_json:
        print_json(invocation.out, [msgspec.to_builtins(step) for step in steps])
    elif not steps:
        invocation.out.print("The schema is up to date.")
    else:
        print_table(invocation.out, ("step", "what it does"), [(step.number, step.description) for step in steps])
        invocation.say("Nothing was written." if dry_run else "Done.")


async def _upgraded(settings: StoreSettings, dry_run: bool) -> list[Migration]:
    async with open_store(settings) as store:
        steps = await pending(store)
        if not dry_run:
            await migrate(store)
        return steps


def copy(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FROM", help="embedded:PATH or a Bolt address.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The same; empty, or with a copy that was stopped.")],
    as_json: JsonOption = False,
) -> None:
    """Copy a graph into another, empty home, and prove by the digest that nothing was lost.

    One that was stopped goes on where it stood when it is run again; the source must be as it was then.
    Until it has ended no other command opens TO. Who writes into FROM waits; its API goes on answering.

    User and password of a Neo4j come from C360_STORE_USER and C360_STORE_PASSWORD.
    """
    invocation = of(context)
    if source == target:
        raise UsageProblem("FROM and TO are the same store. Name another one as TO.")
    _show_digest(invocation, run(_copy(invocation, source, target)), as_json)


async def _copy(invocation: Invocation, source: str, target: str) -> Digest:
    # Not `opened`, which refuses the target of a copy that was stopped.
    async with opened(invocation.store(source)) as old, open_store(invocation.store(target)) as new:
        with shown_progress(invocation.err) as progress:
            return await copy_graph(old, new, progress)


def _show_digest(invocation: Invocation, found: Digest, as_json: bool) -> None:
    if as_json:
        print_json(invocation.out, msgspec.to_builtins(found))
        return
    rows = [(name, section.count, section.hash) for name, section in found.sections.items()]
    print_table(invocation.out, ("part", "items", "hash"), rows)
    invocation.out.print(found.value)
