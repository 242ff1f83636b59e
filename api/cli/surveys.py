"""`c360 surveys`: ask the customers who are due."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, of, opened, run
from api.cli.output import print_json
from api.cli.reading import kept_journeys
from api.outgoing.settings import OutgoingSettings
from api.outgoing.webhook import NotDelivered
from api.surveys.send import Sent, send_surveys
from graph.rules import Rules


def hang_on(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Send surveys by the rules of rules.toml.")
    group.command("send", epilog=examples("c360 surveys send --dry-run", "c360 surveys send"))(send)
    app.add_typer(group, name="surveys")


def send(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell how many would be asked.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Ask the customers who are due and have consented, each once. `c360 serve` does it by itself, a round a minute."""
    invocation = of(context)
    rules = invocation.rules()
    if not rules.survey:
        invocation.say("rules.toml has no [[survey]], so nobody is asked. docs/surveys.md has ready ones.")
    done = run(_sent(invocation, rules, dry_run))
    if as_json:
        print_json(
            invocation.out,
            {"sent": done.sent, "bySurvey": dict(done.by_survey), "kept": dict(done.kept), "failure": done.failure},
        )
    else:
        left = ", ".join(f"{count:,} not asked: {why}" for why, count in sorted(done.kept.items()))
        asked = "would be asked" if dry_run else "asked"
        invocation.say(f"{done.sent:,} customer{'' if done.sent == 1 else 's'} {asked}{'; ' + left if left else ''}.")
    if done.failure is not None:
        raise NotDelivered(done.failure)


async def _sent(invocation: Invocation, rules: Rules, dry_run: bool) -> Sent:
    if not rules.survey:
        return Sent()
    async with opened(invocation.store()) as store, kept_journeys(invocation, store, rules) as keeper:
        now = time.time_ns() // 1_000_000
        outgoing = OutgoingSettings.from_environment()
        return await send_surveys(store, rules, keeper, outgoing, now, dry_run=dry_run)
