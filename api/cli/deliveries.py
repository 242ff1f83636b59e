"""`c360 deliveries`: what other systems are still to be told, and what could not be handed over."""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
import typer

from api.cli.destinations import deliverer_of
from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, UsageProblem, of, opened, run, with_store
from api.cli.output import print_json, print_table
from api.cli.reading import kept_journeys
from api.outgoing.deliveries import Delivered
from api.outgoing.webhook import NotDelivered
from graph.deliveries.queue import drop, list_deliveries, replay
from graph.rules import Rules
from graph.store.settings import StoreSettings

IdArgument = Annotated[str | None, typer.Argument(metavar="ID", help="As `c360 deliveries list` tells it.")]
DestinationOption = Annotated[
    str | None, typer.Option("--destination", metavar="NAME", help="Those to one destination.")
]


def hang_on(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="What other systems are told: see what waits, try again, give up.")
    group.command("list", epilog=examples("c360 deliveries list", "c360 deliveries list --json"))(list_them)
    group.command("send", epilog=examples("c360 deliveries send"))(send)
    group.command(
        "replay", epilog=examples("c360 deliveries replay", "c360 deliveries replay --destination warehouse")
    )(replay_them)
    group.command("drop", epilog=examples("c360 deliveries drop --destination warehouse"))(drop_them)
    app.add_typer(group, name="deliveries")


def list_them(
    context: typer.Context,
    destination: DestinationOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, the dead first.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List what waits and what is dead: to whom, of what, how often it was tried, and why it failed."""
    invocation = of(context)
    found = with_store(invocation.store(), lambda store: list_deliveries(store, destination, limit))
    if as_json:
        print_json(invocation.out, [msgspec.to_builtins(one) for one in found])
        return
    if not found:
        invocation.out.print("Everything was delivered.")
        return
    rows = [
        (one.id, one.type, one.status, str(one.attempts), f"{one.next_at:%Y-%m-%d %H:%M}", one.problem) for one in found
    ]
    print_table(invocation.out, ("id", "event", "status", "tried", "next", "problem"), rows)


def send(context: typer.Context, as_json: JsonOption = False) -> None:
    """Hand over what is due, once to each destination of plugins.toml. `c360 serve` does it by itself."""
    invocation = of(context)
    done = run(_sent(invocation, invocation.rules(), invocation.store()))
    if as_json:
        counts = {"delivered": done.delivered, "failed": done.failed, "dead": done.dead, "withheld": done.withheld}
        print_json(invocation.out, counts)
    else:
        withheld = f" {done.withheld:,} withheld: the customer has not consented." if done.withheld else ""
        invocation.say(f"{done.delivered:,} delivered, {done.failed:,} failed.{withheld}")
    if done.problems:
        raise NotDelivered("\n".join(done.problems.values()))


def replay_them(
    context: typer.Context, id: IdArgument = None, destination: DestinationOption = None, as_json: JsonOption = False
) -> None:
    """Try the dead again as if they were new: one, those to a destination, or all."""
    invocation = of(context)
    now = time.time_ns() // 1_000_000
    many = with_store(invocation.store(), lambda store: replay(store, id, destination, now))
    _tell(invocation, many, "waits again" if many == 1 else "wait again", as_json)


def drop_them(
    context: typer.Context, id: IdArgument = None, destination: DestinationOption = None, as_json: JsonOption = False
) -> None:
    """Never deliver one, or anything that a destination is still to be told."""
    invocation = of(context)
    if (id is None) == (destination is None):
        raise UsageProblem("Say what is to be dropped: an ID of `c360 deliveries list`, or --destination NAME.")
    many = with_store(invocation.store(), lambda store: drop(store, id, destination))
    _tell(invocation, many, "dropped", as_json)


async def _sent(invocation: Invocation, rules: Rules, settings: StoreSettings) -> Delivered:
    async with opened(settings) as store, kept_journeys(invocation, store, rules) as keeper:
        deliverer = deliverer_of(invocation, store, rules)
        if deliverer is None:
            invocation.say("plugins.toml has no [[deliver]], and no plugin has the hook c360_deliver.")
            return Delivered()
        try:
            return await deliverer.round(keeper)
        finally:
            await deliverer.close()


def _tell(invocation: Invocation, many: int, what: str, as_json: bool) -> None:
    if as_json:
        print_json(invocation.out, {"deliveries": many})
    else:
        invocation.say(f"{many:,} {what}.")
