"""`c360 link explain`: why two records are one customer, or why they are not; and how a customer came together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, UsageProblem, of, opened, run
from api.cli.link.bars import bar_between
from api.cli.link.options import EncodingOption, MapOption, ModelOption, mapping, read_model, shares_of
from api.cli.link.tree import explain_customer
from api.cli.output import print_json
from api.cli.progress import shown_progress
from graph.linkage.drawings import percent_of, rarity_of, rule_in_words, steps, value_of, waterfall
from graph.linkage.explain import Explanation
from graph.linkage.explain import explain as explain_records
from graph.linkage.fields import LABELS
from graph.linkage.link import link
from graph.linkage.tables import read_table, recognise
from graph.sync.pair import ExplainedPair, explain_pair, trail

_BAR = 26
_LONGEST = 64


def hang_on(app: typer.Typer) -> None:
    app.command(
        "explain",
        epilog=examples(
            "c360 link explain crm/contacts/101 helpdesk/users/360000000101",
            "c360 link explain 1 2 --file people.csv --svg why.svg",
            "c360 link explain --customer mara.lindqvist@nordlicht.example --svg tree.svg",
        ),
    )(explain)


def explain(
    context: typer.Context,
    left: Annotated[
        str | None, typer.Argument(metavar="A", help="A record's key in the store, or its id in --file.")
    ] = None,
    right: Annotated[str | None, typer.Argument(metavar="B", help="The other one's.")] = None,
    customer: Annotated[
        str | None,
        typer.Option(
            "--customer", metavar="ID|EMAIL", help="Instead of A and B: how the records of this customer were joined."
        ),
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="Of a table instead of the store.")] = None,
    columns: MapOption = None,
    model: ModelOption = None,
    encoding: EncodingOption = "utf-8",
    svg: Annotated[Path | None, typer.Option("--svg", metavar="OUT", help="Draw it into this file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say why two records are one customer, or why they are not: bits by field, adding up to the weight.

    With --customer: the tree of joins of a customer, which record was joined to which, and by what.
    """
    invocation = of(context)
    if customer is not None:
        if left or file is not None or columns or model is not None:
            raise UsageProblem("--customer names somebody of the store: leave A, B, --file, --map and --model away.")
        explain_customer(invocation, customer, svg, as_json)
        return
    if left is None or right is None:
        raise UsageProblem("Name two records, A and B, or a customer: --customer ID|EMAIL.")
    if file is None:
        if columns or model is not None:
            raise UsageProblem("--map and --model belong to a table: name it with --file FILE.")
        pair = run(_in_store(invocation, left, right))
    else:
        pair = _in_file(invocation, file, left, right, mapping(columns), model, encoding)
    verdict = verdict_of(pair)
    if svg is not None:
        svg.write_text(waterfall(pair.explanation, pair.match_bits, verdict), encoding="utf-8")
    if as_json:
        print_json(invocation.out, {**_plain(pair), "verdict": verdict})
        return
    _show(invocation, pair, verdict)
    if svg is not None:
        invocation.say(f"Drew {svg}.")


async def _in_store(invocation: Invocation, left: str, right: str) -> ExplainedPair:
    async with opened(invocation.store()) as store:
        return await explain_pair(store, invocation.rules(), left, right)


def _in_file(
    invocation: Invocation,
    file: Path,
    left: str,
    right: str,
    columns: dict[str, str],
    model: Path | None,
    encoding: str,
) -> ExplainedPair:
    """The whole table is linked, so that the pair is explained by the run that `c360 link FILE` makes."""
    table = read_table(file, encoding=encoding, warn=invocation.say)
    records = recognise(table.column_names, columns).records(table)
    rules = invocation.rules().matching
    with shown_progress(invocation.err) as progress:
        linkage = link(
            records,
            model=None if model is None else read_model(model),
            rules=rules,
            progress=shares_of(progress, "link"),
        )
    explanation = explain_records(records, linkage.model, left, right, rules=rules)
    customers = dict(zip(linkage.record_ids.tolist(), linkage.labels.tolist(), strict=True))
    found = (str(customers[left]), str(customers[right]))
    way = trail(linkage.joins(), left, right) if found[0] == found[1] else ()
    return ExplainedPair(explanation, linkage.report.match_bits, found, trail=way)


def verdict_of(pair: ExplainedPair) -> str:
    """The outcome in a sentence."""
    told, limit = pair.explanation, f"{pair.match_bits:+.1f}"
    weight = f"{told.bits:+.1f} bits, probability {percent_of(told.probability)}"
    keys = "; ".join(told.keys_different) or "none on which both say something"
    return {
        "match": f"They match: {weight}, where {limit} bits are enough.",
        "review": f"In doubt, for a person to say: {weight}, where {limit} bits are enough.",
        "different": f"Below the threshold: {weight}, where {limit} bits are needed.",
        "never compared": f"Never compared: they share no blocking key. Different keys: {keys}. Compared, it would be "
        f"{weight}.",
        "merged by decision": f"Merged by decision, whatever the weight ({weight}).",
        "kept apart by decision": f"Kept apart by decision, whatever the weight ({weight}).",
        "same verified id": f"They share a verified id, which decides whatever the weight ({weight}).",
        "different verified ids": f"They have different verified ids of one system, which decides whatever the weight "
        f"({weight}).",
    }[told.outcome]


def _show(invocation: Invocation, pair: ExplainedPair, verdict: str) -> None:
    told = pair.explanation
    out = invocation.out
    out.print(verdict, markup=False)
    out.print(_today(pair), markup=False)
    out.print(_waterfall(told))
    if told.keys_shared:
        out.print(f"Compared because they share: {'; '.join(told.keys_shared)}.", markup=False)
    if told.keys_different and told.outcome != "never compared":
        out.print(f"Keys on which they differ: {'; '.join(told.keys_different)}.", markup=False)
    out.print(f"Model {told.model}; rule: {rule_in_words(told.rule)}.", markup=False)


def _today(pair: ExplainedPair) -> str:
    """What came of it, which may differ from the pair's own weight: clusters follow all of their pairs."""
    left, right = pair.customers
    if left is None or right is None:
        return "They are not linked yet: a record is pending or was deleted."
    if not pair.together:
        return f"They are two customers: {left} and {right}."
    if len(pair.trail) < 2:
        return f"They are one customer: {left}."
    ways = " – ".join((pair.explanation.left_id, *_stations(pair)))
    return f"They are one customer, {left}, tied through others: {ways}."


def _stations(pair: ExplainedPair) -> list[str]:
    at, found = pair.explanation.left_id, []
    for join in pair.trail:
        at = join.other_id if join.record_id == at else join.record_id
        found.append(f"{at} ({join.bits:+.1f} bits)")
    return found


def _waterfall(told: Explanation) -> Table:
    bars = steps(told)
    sums = [0.0, told.bits, *(bar.end for bar in bars)]
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("evidence", overflow="fold", min_width=14)
    table.add_column("values", overflow="fold", min_width=14)
    table.add_column(f"{min(sums):+.0f} to {max(sums):+.0f} bits", no_wrap=True)
    table.add_column("bits", justify="right", no_wrap=True)
    for bar in bars:
        item = bar.evidence
        named = "" if item.field in ("prior", "relation") else f" {LABELS.get(item.field, item.field)}"
        table.add_row(
            Text(item.level + named),
            Text("\n".join(part for part in (value_of(item, _LONGEST), rarity_of(item)) if part)),
            Text(bar_between(bar.begin, bar.end, min(sums), max(sums), _BAR), "green" if item.bits >= 0 else "red"),
            Text(f"{item.bits:+.1f}"),
        )
    total = Text(bar_between(0.0, told.bits, min(sums), max(sums), _BAR), "blue")
    table.add_row(Text("sum", "bold"), Text(""), total, Text(f"{told.bits:+.1f}", "bold"))
    return table


def _plain(pair: ExplainedPair) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(pair)
    return {**plain.pop("explanation"), **plain, "rule": pair.explanation.rule, "together": pair.together}
