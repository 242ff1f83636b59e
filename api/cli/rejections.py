"""`c360 rejections`: what could not be read, why, and another attempt."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from api.cli.errors import FAILURE
from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, of, opened, run, with_store
from api.cli.output import print_json, print_table
from api.cli.sources import Sources, read_sources
from api.cli.sync import SyncOptions, show_report, synchronise
from graph.rules import Rules
from graph.store.settings import StoreSettings
from graph.sync.rejections import Rejection, list_rejections, read_rejection
from graph.sync.sync import SyncReport


def hang_on(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="What sources said that could not be read: see it, try it again.")
    group.command("list", epilog=examples("c360 rejections list", "c360 rejections list crm --json"))(list_them)
    group.command("show", epilog=examples("c360 rejections show crm/contacts/5f2c9a1b7d3e4f60"))(show)
    group.command("retry", epilog=examples("c360 rejections retry", "c360 rejections retry crm"))(retry)
    app.add_typer(group, name="rejections")


def list_them(
    context: typer.Context,
    source: Annotated[str | None, typer.Argument(metavar="SOURCE", help="Of one source; all unless said.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, the newest first.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List what could not be read, the newest first: where, why and since when."""
    invocation = of(context)
    found = with_store(invocation.store(), lambda store: list_rejections(store, source, limit))
    if as_json:
        print_json(invocation.out, [msgspec.to_builtins(one) for one in found])
        return
    if not found:
        invocation.out.print("Everything could be read.")
        return
    rows = [(one.id, one.place, one.reason, f"{one.at:%Y-%m-%d %H:%M}") for one in found]
    print_table(invocation.out, ("id", "place", "reason", "at"), rows)
    invocation.say("Mend the source or its mapping, then: c360 rejections retry")


def show(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="As `c360 rejections list` tells it.")],
    as_json: JsonOption = False,
) -> None:
    """Show one of them with its raw body, which may hold personal data."""
    invocation = of(context)
    found = with_store(invocation.store(), lambda store: read_rejection(store, id))
    if as_json:
        print_json(invocation.out, msgspec.to_builtins(found))
        return
    invocation.out.print(f"{found.source}/{found.stream}, {found.place}: {found.reason}", markup=False)
    invocation.out.print(found.body or "(nothing)", markup=False)


def retry(
    context: typer.Context,
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="Those with rejections unless said.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read these sources from the start: what can be read now lands, and its rejection is forgotten."""
    invocation = of(context)
    names = sources or _with_rejections(invocation)
    if not names:
        invocation.out.print("Everything could be read.")
        return
    readable = read_sources(invocation, invocation.plugins_toml, names)
    report, left = run(_retried(invocation, readable, invocation.rules(), invocation.store()))
    show_report(invocation, report, as_json)
    if left and not as_json:
        invocation.say(f"{len(left):,} could still not be read: c360 rejections list")
    if left or not report.ok:
        raise typer.Exit(FAILURE)


def _with_rejections(invocation: Invocation) -> list[str]:
    found = with_store(invocation.store(), lambda store: list_rejections(store, limit=1_000_000))
    return sorted({one.source for one in found})


async def _retried(
    invocation: Invocation, sources: Sources, rules: Rules, settings: StoreSettings
) -> tuple[SyncReport, list[Rejection]]:
    async with opened(settings) as store:
        report = await synchronise(invocation, sources, rules, store, SyncOptions(full=True))
        left = [
            one for source in sources.landing for one in await list_rejections(store, source.connector.name, 1_000_000)
        ]
        return report, left
