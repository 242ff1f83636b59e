"""`c360 link train` and `c360 link drift`: a model of today's records, and how far the one in force is from them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, UsageProblem, of, opened, run
from api.cli.link.model import plain
from api.cli.link.options import EncodingOption, MapOption, mapping
from api.cli.output import print_json, print_table
from api.cli.progress import shown_progress
from graph.linkage.drawings import model_sentence
from graph.linkage.drift import Drift
from graph.linkage.drift import drift as drift_between
from graph.linkage.fields import LABELS
from graph.linkage.link import train as train_records
from graph.linkage.model import LinkageModel
from graph.linkage.rules import LinkageError
from graph.linkage.tables import read_table, recognise
from graph.sync.models import TOO_FEW_TO_FREEZE, model_drift, readable_model, save_model, train_model
from graph.sync.rebuild import RebuildPlan, plan_rebuild

_SHOWN = 30


def hang_on(app: typer.Typer) -> None:
    app.command(
        "train",
        epilog=examples("c360 link train", "c360 link train --use", "c360 link train people.csv -o people.model"),
    )(train)
    app.command("drift", epilog=examples("c360 link drift", "c360 link drift --json"))(drift)


def train(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="A table to learn from, instead of the store.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="OUT", help="Save the model into this file.")
    ] = None,
    use: Annotated[
        bool,
        typer.Option("--use", help="Put it in force; otherwise the store keeps its model, and the changes are told."),
    ] = False,
    columns: MapOption = None,
    encoding: EncodingOption = "utf-8",
    as_json: JsonOption = False,
) -> None:
    """Learn a model without labels, from today's records of the store or from a table.

    With --use it is in force from now on: `c360 rebuild --dry-run` shows what follows, `c360 rebuild` does it.
    """
    invocation = of(context)
    if file is None:
        if columns:
            raise UsageProblem("--map belongs to a table: c360 link train FILE --map COLUMN=FIELD.")
        run(_train_in_store(invocation, out, use, as_json))
    else:
        _train_on_file(invocation, file, out, use, mapping(columns), encoding, as_json)


def drift(context: typer.Context, as_json: JsonOption = False) -> None:
    """Compare the model in force with today's records: fields that are said less, weights that moved."""
    invocation = of(context)
    found = run(_drift(invocation))
    if as_json:
        print_json(invocation.out, {**msgspec.to_builtins(found), "fallen": [each.field for each in found.fallen()]})
        return
    invocation.out.print(
        f"Model {found.model_before} learned from {found.records_before:,} records; now there are "
        f"{found.records_now:,}."
    )
    _show_drift(invocation, found)


def _train_on_file(
    invocation: Invocation,
    file: Path,
    out: Path | None,
    use: bool,
    columns: dict[str, str],
    encoding: str,
    as_json: bool,
) -> None:
    if use:
        raise UsageProblem("--use puts a model of the store's own records in force; leave FILE away.")
    if out is None:
        raise UsageProblem("Name the file for the model: c360 link train FILE -o OUT.")
    table = read_table(file, encoding=encoding, warn=invocation.say)
    recognised = recognise(table.column_names, columns)
    records = recognised.records(table)
    if not records.num_rows:
        raise LinkageError(f"{file} has no records to learn from.")
    for line in recognised.lines():
        invocation.say(line)
    model = train_records(records, invocation.rules().matching)
    _save(model, out)
    if as_json:
        print_json(invocation.out, {**plain(model), "out": str(out)})
    else:
        invocation.out.print(f"Model {model.version}. {model_sentence(model)} Wrote {out}.", markup=False)


async def _train_in_store(invocation: Invocation, out: Path | None, use: bool, as_json: bool) -> None:
    rules = invocation.rules()
    plan: RebuildPlan | None = None
    async with opened(invocation.store()) as store:
        before = await readable_model(store)
        with shown_progress(invocation.err) as progress:
            model = await train_model(store, rules, progress)
            if use:
                async with store.lease("link", on_wait=progress.say) as lease:
                    await save_model(store, lease, model, model.records)
            else:
                plan = await plan_rebuild(store, rules, progress, model=model)
    if out is not None:
        _save(model, out)
    found = None if before is None else drift_between(before.model, model)
    if as_json:
        result = {"in_force": use, "out": None if out is None else str(out), "drift": found, "plan": plan}
        print_json(invocation.out, {**plain(model), **result})
        return
    invocation.out.print(f"Model {model.version}. {model_sentence(model)}", markup=False)
    if found is not None:
        _show_drift(invocation, found)
    if plan is not None:
        _show_plan(invocation, plan)
    elif model.records < TOO_FEW_TO_FREEZE:
        invocation.say(f"It is in force, but with fewer than {TOO_FEW_TO_FREEZE:,} records each sync trains it again.")
    else:
        invocation.say("It is in force. `c360 rebuild --dry-run` shows what it changes, `c360 rebuild` does it.")
    if out is not None:
        invocation.say(f"Wrote {out}.")


async def _drift(invocation: Invocation) -> Drift:
    async with opened(invocation.store()) as store:
        with shown_progress(invocation.err) as progress:
            return await model_drift(store, invocation.rules(), progress)


def _save(model: LinkageModel, out: Path) -> None:
    out.write_bytes(model.to_bytes())


def _show_plan(invocation: Invocation, plan: RebuildPlan) -> None:
    invocation.out.print(
        f"A rebuild by it: {plan.customers_before:,} customers would be {plan.customers_after:,}, "
        f"{len(plan.merges):,} would merge, {len(plan.splits):,} would split. Nothing was written; "
        "`c360 rebuild --dry-run --train` names them, --use puts the model in force."
    )


def _show_drift(invocation: Invocation, found: Drift) -> None:
    rows = [
        (
            LABELS.get(each.field, each.field),
            None if each.before is None else f"{each.before * 100:.0f} %",
            f"{each.now * 100:.0f} %",
            "fell" if each.has_fallen else "",
        )
        for each in found.completeness
    ]
    print_table(invocation.out, ("field", "said then", "said now", ""), rows)
    moved = found.moved()
    if moved:
        table = [
            (LABELS.get(each.field, each.field), each.level, _bits(each.before), _bits(each.now))
            for each in moved[:_SHOWN]
        ]
        print_table(invocation.out, ("field", "level", "bits then", "bits now"), table, title="Weights that moved")
    else:
        invocation.out.print("No weight moved by more than a bit.")


def _bits(value: float | None) -> str:
    return "not compared" if value is None else f"{value:+.1f}"
