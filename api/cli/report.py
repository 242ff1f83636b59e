"""`c360 report`: send the boards of [[report]], each to each receiver once a period."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, UsageProblem, of, opened, run
from api.cli.output import print_json
from api.cli.reading import kept_journeys
from api.outgoing.report import Report, report_of, send_reports
from api.outgoing.settings import OutgoingSettings
from graph.figures.board import UnknownKpi
from graph.figures.plan import sources_read_at
from graph.rules import Rules


def hang_on(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Send boards of figures, as rules.toml says under `report`.")
    group.command("send", epilog=examples("c360 report send --dry-run", "c360 report send"))(send)
    app.add_typer(group, name="report")


def send(
    context: typer.Context,
    title: Annotated[str | None, typer.Option("--title", metavar="TITLE", help="Only this report.")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DAY", help="As if it were that day (UTC), for trying it out.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print it; nothing is sent or noted.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Send what is due: each report of the last full period, to each receiver once, however often this runs."""
    invocation = of(context)
    rules = invocation.rules()
    titles = [rule.title for rule in rules.report]
    if title is not None and title not in titles:
        raise UsageProblem(f"--title: there is no report '{title[:80]}'. Reports: {', '.join(titles) or 'none'}.")
    if not titles:
        invocation.say("rules.toml has no [[report]], so nothing is sent. docs/kpis.md has one to begin with.")
        return
    now = _moment(as_of)
    try:
        if dry_run:
            _show(invocation, run(_made(invocation, rules, title, now)), as_json)
            return
        sent = run(_sent(invocation, rules, OutgoingSettings.from_environment(), title, now))
    except UnknownKpi as error:
        raise UsageProblem(f"rules.toml: [[report]]: {error}") from None
    if as_json:
        print_json(invocation.out, {"sent": sent})
    else:
        invocation.say(f"{len(sent):,} sent." if sent else "Nothing is due: all have gone out.")


def _show(invocation: Invocation, reports: list[Report], as_json: bool) -> None:
    if as_json:
        print_json(invocation.out, [report.data() for report in reports])
        return
    for report in reports:
        to = ", ".join((*report.rule.to, *(["the webhook"] if report.rule.webhook else [])))
        invocation.out.print(f"To: {to}\nSubject: {report.subject}\n\n{report.text()}", markup=False, highlight=False)


async def _made(invocation: Invocation, rules: Rules, title: str | None, now: datetime) -> list[Report]:
    async with opened(invocation.store()) as store, kept_journeys(invocation, store, rules) as keeper:
        journeys, read_at = await keeper.current(), await sources_read_at(store)
        wanted = [rule for rule in rules.report if title is None or rule.title == title]
        return [report_of(rule, journeys, now, read_at) for rule in wanted]


async def _sent(
    invocation: Invocation, rules: Rules, outgoing: OutgoingSettings, title: str | None, now: datetime
) -> list[str]:
    async with opened(invocation.store()) as store, kept_journeys(invocation, store, rules) as keeper:
        return await send_reports(store, keeper, rules, outgoing, now, title)


def _moment(day: str | None) -> datetime:
    if day is None:
        return datetime.now(UTC)
    try:
        meant = date.fromisoformat(day)
    except ValueError:
        raise UsageProblem(f"--as-of: '{day[:40]}' is no day. Write it as 2026-06-30.") from None
    return datetime(meant.year, meant.month, meant.day, tzinfo=UTC) + timedelta(hours=12)
