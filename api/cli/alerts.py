"""`c360 alerts`: raise what the rules find, and see what waits."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, UsageProblem, of, opened, run
from api.cli.output import print_json
from graph.alerts.evaluate import Evaluated, raise_alerts
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.settings import StoreSettings


def hang_on(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Raise alerts by the rules [[alert]] of rules.toml.")
    group.command("evaluate", epilog=examples("c360 alerts evaluate", "c360 alerts evaluate --as-of 2026-06-30"))(
        evaluate
    )
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
    done = run(_evaluated(invocation.store(), rules, _moment(as_of)))
    if as_json:
        print_json(invocation.out, {"raised": done.raised, "woken": done.woken})
    else:
        _tell(invocation, done)


async def tell_raised(invocation: Invocation, store: Store, rules: Rules) -> None:
    """Raise what a sync brought about, and say how many."""
    done = await raise_alerts(store, rules, JourneyKeeper(store, rules), _moment(None))
    if done.raised or done.woken:
        _tell(invocation, done)


async def _evaluated(settings: StoreSettings, rules: Rules, now: int) -> Evaluated:
    async with opened(settings) as store:
        return await raise_alerts(store, rules, JourneyKeeper(store, rules), now)


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
