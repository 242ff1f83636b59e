"""`c360 alerts`: raise what the rules find, and see what waits."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated

import typer
import uuid_utils

from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, UsageProblem, of, opened, run
from api.cli.output import print_json
from api.cli.reading import kept_journeys
from api.outgoing.digest import OpenAlert, digest_of, open_alerts
from api.outgoing.mail import send_mail
from api.outgoing.outbox import Told, tell_alerts
from api.outgoing.settings import MailSettings, OutgoingSettings
from api.outgoing.webhook import NotDelivered
from graph.alerts.watch import AlertWatch, Evaluated
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.settings import StoreSettings


def hang_on(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Raise alerts by the rules of rules.toml, and see what waits.")
    group.command("evaluate", epilog=examples("c360 alerts evaluate", "c360 alerts evaluate --as-of 2026-06-30"))(
        evaluate
    )
    group.command("tell", epilog=examples("c360 alerts tell"))(tell)
    group.command("digest", epilog=examples("c360 alerts digest --dry-run", "c360 alerts digest --json"))(digest)
    app.add_typer(group, name="alerts")


def evaluate(
    context: typer.Context,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DAY", help="As if it were the end of that day (UTC).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Raise the alerts that the rules find; each is raised once, however often this runs. A sync does it by itself."""
    invocation = of(context)
    rules = invocation.rules()
    if not rules.alert:
        invocation.say("rules.toml has no [[alert]], so nothing is looked for. docs/alerts.md has ready ones.")
    done = run(_evaluated(invocation, rules, _moment(as_of)))
    if as_json:
        print_json(invocation.out, {"raised": done.raised, "woken": done.woken})
    else:
        _tell(invocation, done)


def tell(context: typer.Context, as_json: JsonOption = False) -> None:
    """Send out the alerts that nobody outside has been told of, by webhook and mail. `c360 serve` does it by itself."""
    invocation = of(context)
    told = run(_told(invocation.store(), OutgoingSettings.from_environment()))
    if as_json:
        print_json(invocation.out, {"told": told.told, "failure": told.failure})
    else:
        invocation.say(f"{told.told:,} alert{'' if told.told == 1 else 's'} told.")
    if told.failure is not None:
        raise NotDelivered(told.failure)


def digest(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print it; nothing is sent.")] = False,
    as_json: JsonOption = False,
) -> None:
    """What waits for whom, to the addresses of C360_ALERTS_TO; with --dry-run, or --json, it is printed instead."""
    invocation = of(context)
    alerts = run(_open(invocation.store()))
    if as_json:
        print_json(invocation.out, [asdict(alert) for alert in alerts])
        return
    text = digest_of(alerts, _moment(None))
    if dry_run:
        invocation.out.print(text, markup=False, end="")
        return
    mail = OutgoingSettings.from_environment().mail
    if mail is None or not mail.alerts_to:
        raise UsageProblem("The digest has nowhere to go. Set C360_SMTP_URL, C360_MAIL_FROM and C360_ALERTS_TO.")
    run(_mailed(mail, text))
    invocation.say(f"The digest of {len(alerts):,} alerts is on its way.")


async def _told(settings: StoreSettings, outgoing: OutgoingSettings) -> Told:
    if outgoing.webhook is None and (outgoing.mail is None or not outgoing.mail.alerts_to):
        return Told()
    async with opened(settings) as store:
        return await tell_alerts(store, outgoing)


async def _open(settings: StoreSettings) -> list[OpenAlert]:
    async with opened(settings) as store:
        return await open_alerts(store)


async def _mailed(mail: MailSettings, text: str) -> None:
    for to in mail.alerts_to:
        await send_mail(mail, to, "Alerts that wait", text, f"digest_{uuid_utils.uuid7()}")


async def tell_raised(invocation: Invocation, store: Store, rules: Rules) -> None:
    """Raise what a sync brought about, and say how many."""
    async with kept_journeys(invocation, store, rules) as keeper:
        done = await AlertWatch(store, rules, keeper).evaluate(_moment(None))
    if done.raised or done.woken:
        _tell(invocation, done)
    told = await tell_alerts(store, OutgoingSettings.from_environment())
    if told.failure is not None:
        invocation.say(f"warning: {told.failure}")


async def _evaluated(invocation: Invocation, rules: Rules, now: int) -> Evaluated:
    async with opened(invocation.store()) as store, kept_journeys(invocation, store, rules) as keeper:
        return await AlertWatch(store, rules, keeper).evaluate(now)


def _moment(day: str | None) -> int:
    if day is None:
        return time.time_ns() // 1_000_000
    try:
        meant = date.fromisoformat(day)
    except ValueError:
        raise UsageProblem(f"--as-of: '{day[:40]}' is no day. Write it as 2026-06-30.") from None
    return int(datetime(meant.year, meant.month, meant.day, tzinfo=UTC).timestamp() * 1000) + 86_400_000 - 1


def _tell(invocation: Invocation, done: Evaluated) -> None:
    woken = f", {done.woken:,} that had been put off wait again" if done.woken else ""
    invocation.say(f"{done.raised:,} alert{'' if done.raised == 1 else 's'} raised{woken}.")
