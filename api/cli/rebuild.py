"""`c360 rebuild`: make everything that is derived again from the facts."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, of, opened, run
from api.cli.output import print_json, print_table
from api.cli.progress import shown_progress
from graph.sync.rebuild import RebuildPlan, plan_rebuild
from graph.sync.rebuild import rebuild as rebuild_graph

_SHOWN = 20


def hang_on(app: typer.Typer) -> None:
    app.command("rebuild", epilog=examples("c360 rebuild", "c360 rebuild --dry-run --train", "c360 rebuild --train"))(
        rebuild
    )


def rebuild(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which customers would merge or split.")] = False,
    train: Annotated[
        bool, typer.Option("--train", help="By a linkage model that learns from today's records, not the frozen one.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make customers, journeys and stages again from the facts; ids and people's decisions stay."""
    invocation = of(context)
    run(_plan(invocation, train, as_json) if dry_run else _rebuild(invocation, train, as_json))


async def _plan(invocation: Invocation, train: bool, as_json: bool) -> None:
    rules = invocation.rules()
    async with opened(invocation.store()) as store:
        with shown_progress(invocation.err) as progress:
            plan = await plan_rebuild(store, rules, progress, train=train)
    if as_json:
        print_json(invocation.out, plan)
    else:
        _show_plan(invocation, plan)


def _show_plan(invocation: Invocation, plan: RebuildPlan) -> None:
    invocation.out.print(
        f"{plan.customers_before:,} customers now, {plan.customers_after:,} after a rebuild: "
        f"{len(plan.merges):,} would merge, {len(plan.splits):,} would split (model {plan.model_version[:12]}). "
        "Nothing was written."
    )
    if plan.merges:
        rows = [(ids[0], ids[1:]) for ids in plan.merges[:_SHOWN]]
        print_table(invocation.out, ("kept", "would become it"), rows, title=f"The first {len(rows)} merges")
    if plan.splits:
        print_table(invocation.out, ("would split",), [[id] for id in plan.splits[:_SHOWN]])
    if max(len(plan.merges), len(plan.splits)) > _SHOWN:
        invocation.say("All of them: c360 rebuild --dry-run --json")


async def _rebuild(invocation: Invocation, train: bool, as_json: bool) -> None:
    rules = invocation.rules()
    async with opened(invocation.store()) as store:
        with shown_progress(invocation.err) as progress:
            linked, derived = await rebuild_graph(store, rules, progress, train=train)
    if as_json:
        print_json(invocation.out, {"linked": msgspec.to_builtins(linked), "derived": msgspec.to_builtins(derived)})
    else:
        invocation.out.print(f"{linked.records:,} records are {derived.customers:,} customers again.")
