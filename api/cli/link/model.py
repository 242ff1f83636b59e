"""`c360 link model show`: what the linkage model in force, or a saved one, has learned."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, of, opened, run
from api.cli.link.bars import bar_between
from api.cli.link.options import read_model
from api.cli.output import print_json
from graph.linkage.drawings import model_sentence, reach_sentence, weights
from graph.linkage.drift import level_bits
from graph.linkage.fields import LABELS
from graph.linkage.model import LinkageModel
from graph.sync.models import TOO_FEW_TO_FREEZE, InForce, model_in_force

_BITS_BAR = 24


def hang_on(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The linkage model in force: what it learned.")
    group.command("show", epilog=examples("c360 link model show", "c360 link model show --svg model.svg"))(show)
    app.add_typer(group, name="model")


def show(
    context: typer.Context,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="FILE", help="A saved model instead of the one in force.")
    ] = None,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="OUT", help="Draw it into this file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show a model: how often one person's records, and strangers', stand on each level, and its weight in bits."""
    invocation = of(context)
    if model is None:
        in_force = run(_in_force(invocation))
        shown, frozen = in_force.model, in_force.is_frozen
    else:
        shown, frozen = read_model(model), True
    if svg is not None:
        svg.write_text(weights(shown), encoding="utf-8")
    if as_json:
        print_json(invocation.out, {**plain(shown), "frozen": frozen})
        return
    _print(invocation, shown)
    if not frozen:
        invocation.say(f"It learned from fewer than {TOO_FEW_TO_FREEZE:,} records, so each sync trains it again.")
    if svg is not None:
        invocation.say(f"Drew {svg}.")


async def _in_force(invocation: Invocation) -> InForce:
    async with opened(invocation.store()) as store:
        return await model_in_force(store)


def plain(model: LinkageModel) -> dict[str, Any]:
    """A model for programs: what it learned, without the hashes of values."""
    bits = level_bits(model)
    return {
        "version": model.version,
        "trained_at": model.trained_at,
        "records": model.records,
        "match_bits": model.match_bits,
        "match_share": model.match_share,
        "reached": model.reached,
        "relations": {relation.name: relation.share for relation in model.relations},
        "caps_bound": list(model.caps_bound),
        "completeness": model.completeness,
        "blocking_keys": [list(key) for key in model.keys],
        "fields": [
            {
                "field": field.name,
                "levels": [
                    {"level": level, "m": m, "u": u, "bits": bits[field.name, level]}
                    for level, m, u in zip(field.levels, match, random, strict=True)
                ],
            }
            for field, match, random in zip(model.fields, model.match, model.random, strict=True)
        ],
    }


def _print(invocation: Invocation, model: LinkageModel) -> None:
    invocation.out.print(f"Model {model.version}. {model_sentence(model)}", markup=False)
    bits = level_bits(model)
    least, most = min((0.0, *bits.values())), max((0.0, *bits.values()))
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("field")
    table.add_column("level", min_width=11)
    table.add_column("m %", justify="right", no_wrap=True)
    table.add_column("u %", justify="right", no_wrap=True)
    table.add_column(f"{least:+.0f} to {most:+.0f} bits", no_wrap=True)
    table.add_column("bits", justify="right", no_wrap=True)
    for field, match, random in zip(model.fields, model.match, model.random, strict=True):
        for place, (level, m, u) in enumerate(zip(field.levels, match, random, strict=True)):
            value = bits[field.name, level]
            table.add_row(
                Text("" if place else LABELS.get(field.name, field.name)),
                Text(level),
                Text(f"{m * 100:.2f}"),
                Text(f"{u * 100:.2f}" if u >= 1e-4 else f"{u * 100:.1g}"),
                Text(bar_between(0.0, value, least, most, _BITS_BAR), "green" if value >= 0 else "red"),
                Text(f"{value:+.1f}"),
            )
    invocation.out.print(table)
    invocation.out.print("m: of two records of one person; u: of two strangers'; bits: log2(m / u).", markup=False)
    related = [f"{relation.name} {relation.share:.2g}" for relation in model.relations]
    invocation.out.print(
        f"Shares of all pairs: {', '.join([f'one person {model.match_share:.2g}', *related])}. "
        f"Blocking keys: {len(model.keys)}."
    )
    if (reach := reach_sentence(model)) is not None:
        invocation.out.print(reach)
    for name in model.caps_bound:
        invocation.say(f"{name} was held at its limit of disagreement among matches: look at it before you trust it.")
