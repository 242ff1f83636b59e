"""`c360 sync`: bring the graph up to date with its sources, or show what would be read."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import typer

from api.cli.errors import FAILURE
from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, UsageProblem, of, opened, run
from api.cli.output import print_json, print_table
from api.cli.preview import Preview, preview, print_records
from api.cli.progress import shown_progress
from api.cli.sources import Sources, read_sources
from connectors.beginning import BeginningAt
from connectors.moments import parse_instant
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.settings import StoreSettings
from graph.sync.sync import SyncReport
from graph.sync.sync import sync as sync_graph

LOG = logging.getLogger("c360.sync")


def hang_on(app: typer.Typer) -> None:
    app.command(
        "sync",
        epilog=examples(
            "c360 sync",
            "c360 sync crm helpdesk",
            "c360 sync --full",
            "c360 sync --preview crm --limit 5",
        ),
    )(sync)


def sync(
    context: typer.Context,
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="Sections of plugins.toml; all unless said.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Read from the start, not from where the last sync ended.")
    ] = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="Read from this day or moment on, read before or not.")
    ] = None,
    allow_merges: Annotated[
        bool, typer.Option("--allow-merges", help="Let through what the merge brake held.")
    ] = False,
    show: Annotated[bool, typer.Option("--preview", help="Show the mapped records; nothing is written.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="With --preview: how many records a source.")] = 20,
    as_json: JsonOption = False,
    requested: Annotated[str | None, typer.Option("--requested", hidden=True, metavar="ID")] = None,
) -> None:
    """Bring the graph up to date: land what the sources say, link it, derive what follows.

    It may be stopped or killed at any moment; the next sync goes on. Of two at once one waits.
    """
    invocation = of(context)
    readable = read_sources(invocation, invocation.plugins_toml, sources or ())
    if since is not None:
        if full:
            raise UsageProblem("--full reads from the start, --since from a moment on: say one of them.")
        readable = _beginning(readable, since)
    if show:
        _show_preview(invocation, readable, limit, as_json)
    else:
        more = SyncOptions(full, allow_merges, requested)
        report = run(_sync(invocation, readable, invocation.rules(), invocation.store(), more))
        show_report(invocation, report, as_json)
        if not report.ok:
            raise typer.Exit(FAILURE)
    if readable.problems:
        raise UsageProblem("\n".join(readable.problems))


def _beginning(sources: Sources, since: str) -> Sources:
    moment = parse_instant(since, ZoneInfo("UTC"))
    if moment is None or moment > datetime.now(UTC):
        raise UsageProblem(f"--since {since[:40]!r} is no day or moment that has been: write it like 2026-03-01.")
    landing = tuple(replace(one, connector=BeginningAt(one.connector, moment, one.kind)) for one in sources.landing)
    return replace(sources, landing=landing)


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """Read from the start, let held merges through; the id that the sync has in the graph already."""

    full: bool = False
    allow_merges: bool = False
    requested: str | None = None


async def _sync(
    invocation: Invocation, sources: Sources, rules: Rules, settings: StoreSettings, options: SyncOptions
) -> SyncReport:
    async with opened(settings) as store:
        return await synchronise(invocation, sources, rules, store, options)


async def synchronise(
    invocation: Invocation, sources: Sources, rules: Rules, store: Store, options: SyncOptions | None = None
) -> SyncReport:
    """One sync of these sources, with progress and the plugins' hooks."""
    options = options or SyncOptions()
    for source in sources.landing:
        await _announce(invocation, sources, "c360_before_sync", source=source.connector.name)
    with shown_progress(invocation.err) as progress:
        report = await sync_graph(
            sources.landing,
            store,
            rules,
            progress,
            full=options.full,
            adjust=sources.plugins.page_hook(),
            requested=options.requested,
            allow_merges=options.allow_merges,
        )
    await _announce(invocation, sources, "c360_after_sync", report=report)
    if rules.alert:
        from api.cli.alerts import tell_raised  # what figures need, for those who have rules

        await tell_raised(invocation, store, rules)
    return report


async def _announce(invocation: Invocation, sources: Sources, name: str, **arguments: Any) -> None:
    """The plugins' hooks beside the sync; what one does wrong is told by its name, and the sync goes on."""
    for failed in await sources.plugins.announce(name, **arguments):
        invocation.say(str(failed))
        LOG.debug("%s", failed, exc_info=failed)


def show_report(invocation: Invocation, report: SyncReport, as_json: bool) -> None:
    """What a sync did, as a table or JSON."""
    if as_json:
        print_json(invocation.out, {**msgspec.to_builtins(report, builtin_types=()), "ok": report.ok})
        return
    rows = [
        (
            one.source,
            one.records,
            one.changed,
            one.interactions,
            one.rejected,
            one.seconds.__round__(1),
            one.error or "read",
        )
        for one in report.landed
    ]
    columns = ("source", "records", "new or changed", "interactions", "rejected", "seconds", "state")
    print_table(invocation.out, columns, rows)
    unknown = sorted({kind for one in report.landed for kind in one.unknown_kinds})
    if unknown:
        invocation.say(f"Kinds of interactions that c360 does not know, kept as they are: {', '.join(unknown)}.")
    if any(one.rejected for one in report.landed):
        invocation.say("Rejected records are kept with their place and reason: c360 rejections list")
    for field in report.fell:
        invocation.say(f"{field.line()}. Has a source stopped sending it? `c360 link drift` tells more.")
    if report.held is not None:
        invocation.say(report.held)
        return
    linked, derived = report.linked, report.derived
    invocation.out.print(
        f"{linked.records:,} records linked, {derived.customers:,} customers derived, "
        f"{len(linked.merged):,} merged, {linked.reviews:,} pairs to review; {report.seconds:.1f} s."
        if linked.pending or derived.customers
        else f"Nothing changed; {report.seconds:.1f} s."
    )


def _show_preview(invocation: Invocation, sources: Sources, limit: int, as_json: bool) -> None:
    previews = run(_previews(sources, limit))
    if as_json:
        print_json(invocation.out, previews)
    else:
        for one in previews:
            _print_preview(invocation, one)
        invocation.say("Nothing was written.")
    if any(one.error for one in previews):
        raise typer.Exit(FAILURE)


async def _previews(sources: Sources, limit: int) -> Sequence[Preview]:
    adjust = sources.plugins.page_hook()
    return [await preview(source, limit, adjust) for source in sources.landing]


def _print_preview(invocation: Invocation, found: Preview) -> None:
    for stream, records in found.streams.items():
        print_records(invocation.out, f"{found.source}/{stream}", records)
    for problem in found.problems:
        invocation.say(f"not readable: {problem}")
    if found.error is not None:
        invocation.say(f"{found.source}: {found.error}")
