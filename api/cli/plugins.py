"""`c360 plugins`: which connectors there are, and whether the sources can be read."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
import typer

from api.cli.errors import FAILURE
from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, UsageProblem, of, run
from api.cli.output import print_json, print_table
from api.cli.plugins_new import new
from api.cli.sources import read_sources
from connectors.errors import C360Error
from connectors.hookspecs import CheckReport
from connectors.plugins import load_plugins
from connectors.settings import plugin_paths
from connectors.testing.contract import ContractBroken, check_contract
from graph.sync.door import closed, failed, in_time
from graph.sync.land import LandingSource

CHECK_SECONDS = 300.0
"""So long a source may take over its check, the retries of its requests included."""


def hang_on(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Connectors: list them, check the sources that use them.")
    group.command("list", epilog=examples("c360 plugins list", "c360 plugins list --json"))(list_plugins)
    group.command("check", epilog=examples("c360 plugins check", "c360 plugins check crm --json"))(check)
    group.command("new", epilog=examples("c360 plugins new club", "c360 plugins new club_desk --into ./plugins"))(new)
    group.command("test", epilog=examples("c360 plugins test crm", "c360 plugins test crm --pages 3 --json"))(
        try_contract
    )
    app.add_typer(group, name="plugins")


def list_plugins(context: typer.Context, as_json: JsonOption = False) -> None:
    """List every plugin with its state; a broken one with the reason."""
    invocation = of(context)
    paths = plugin_paths(invocation.plugins_toml) if invocation.plugins_toml.exists() else []
    plugins = load_plugins(paths)
    for unknown in plugins.unknown_off:
        invocation.say(unknown)
    if as_json:
        print_json(invocation.out, [msgspec.to_builtins(state) for state in plugins.states])
        return
    rows = [
        (state.name, state.state, state.connectors, f"{state.distribution} {state.version}".strip(), state.error)
        for state in plugins.states
    ]
    print_table(invocation.out, ("plugin", "state", "connectors", "from", "error"), rows)


def check(
    context: typer.Context,
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="Sections of plugins.toml; all unless said.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check that each source can be read now: settings, secrets, files, permissions. Nothing is written."""
    invocation = of(context)
    readable = read_sources(invocation, invocation.plugins_toml, sources or ())
    reports = run(_check_all(readable.landing))
    if as_json:
        print_json(invocation.out, {name: msgspec.to_builtins(report) for name, report in reports.items()})
    else:
        _show(invocation, reports)
    if readable.problems:
        raise UsageProblem("\n".join(readable.problems))
    if not all(report.ok for report in reports.values()):
        raise typer.Exit(FAILURE)


def try_contract(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A section of plugins.toml.")],
    pages: Annotated[int, typer.Option("--pages", min=1, help="How many pages of each stream are read.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Read some pages of a source and hold its connector against the contract. Nothing is written."""
    invocation = of(context)
    (landing,) = read_sources(invocation, invocation.plugins_toml, [source]).landing
    try:
        found = run(check_contract(landing.connector, pages=pages))
    except ContractBroken as broken:
        for line in str(broken).splitlines():
            invocation.say(f"{source}: {line}")
        raise typer.Exit(FAILURE) from None
    except C360Error:
        raise
    except (Exception, SystemExit) as error:  # the connector's mistake, and not ours
        raise failed(landing.kind, "its test", error) from error
    if as_json:
        print_json(invocation.out, msgspec.to_builtins(found))
        return
    for refused in found.refused[:20]:
        invocation.say(f"refused: {refused}")
    streams = ", ".join(found.streams)
    invocation.out.print(
        f"{source} keeps the contract: {found.records:,} records on {found.pages:,} pages of {streams}; "
        f"{len(found.refused):,} refused.",
        markup=False,
    )


async def _check_all(sources: tuple[LandingSource, ...]) -> dict[str, CheckReport]:
    reports = await asyncio.gather(*(_check(source) for source in sources))
    return dict(zip((source.connector.name for source in sources), reports, strict=True))


async def _check(source: LandingSource) -> CheckReport:
    try:
        asked = source.connector.check()
        report = await in_time(source.kind, "gave no answer", asked, CHECK_SECONDS, "Does its system answer?")
        if not isinstance(report, CheckReport):
            raise TypeError(f"it gave a {type(report).__name__}, not a CheckReport")
        return report
    except C360Error as error:
        return CheckReport(ok=False, message=str(error))
    except (Exception, SystemExit) as error:  # a plugin may do anything; the other sources are checked
        return CheckReport(ok=False, message=f"the connector '{source.kind}' failed: {type(error).__name__}: {error}")
    finally:
        await closed(source.connector.name, source.kind, source.connector.close)


def _show(invocation: Invocation, reports: dict[str, CheckReport]) -> None:
    rows = [(name, "ok" if report.ok else "refused", report.message) for name, report in reports.items()]
    print_table(invocation.out, ("source", "state", "what it says"), rows)
    for name, report in reports.items():
        for what, state in report.details.items():
            invocation.out.print(f"  {name}: {what}: {state}", markup=False)
