"""`c360 link FILE`: which records of any table are the same person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import typer

from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, of
from api.cli.link.options import EncodingOption, MapOption, ModelOption, mapping, read_model, shares_of
from api.cli.link.without_pandas import leave_pandas_out
from api.cli.output import print_json
from api.cli.progress import shown_progress
from graph.linkage.decide import probability
from graph.linkage.drawings import reach_sentence
from graph.linkage.joins import writable, write_joins
from graph.linkage.linkage import Linkage
from graph.linkage.rules import MatchingRules
from graph.linkage.tables import FileLinkage, link_file
from graph.rules import read_rules

_SURE, _LIKELY = 0.99, 0.9


def hang_on(app: typer.Typer) -> None:
    app.command(
        "file",
        epilog=examples(
            "c360 link people.csv -o who.csv",
            "c360 link a.csv -o b.parquet --map nachname=last_name",
            "c360 link people.csv -o who.csv --threshold 3 --explain why.jsonl",
        ),
    )(link)


def link(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet of records of people; columns are recognised.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to write record_id, customer_id, weight (.csv, .parquet).")
    ] = None,
    columns: MapOption = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", metavar="FILE", help="Take the rules of matching from this file.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option("--threshold", metavar="BITS", help="Records are one person from this weight on.")
    ] = None,
    explain: Annotated[
        Path | None,
        typer.Option(
            "--explain", metavar="OUT2", help="Write the evidence of each join here (.parquet, .csv, .jsonl)."
        ),
    ] = None,
    model: ModelOption = None,
    encoding: EncodingOption = "utf-8",
    as_json: JsonOption = False,
) -> None:
    """Find out which records of a table are the same person (write `c360 link FILE -o OUT`)."""
    invocation = of(context)
    if explain is not None:
        writable(explain)
    matching = _matching(invocation, rules, threshold)
    leave_pandas_out()
    with shown_progress(invocation.err) as progress:
        linked = link_file(
            file,
            out,
            mapping=mapping(columns),
            model=None if model is None else read_model(model),
            rules=matching,
            encoding=encoding,
            progress=shares_of(progress, "link"),
            warn=invocation.say,
        )
    if explain is not None:
        write_joins(linked.linkage, explain)
    if as_json:
        print_json(invocation.out, _result(linked, out, explain))
    else:
        _show(invocation, linked, [path for path in (out, explain) if path is not None])


def _matching(invocation: Invocation, rules: Path | None, threshold: float | None) -> MatchingRules:
    matching = (invocation.rules() if rules is None else read_rules(rules)).matching
    if threshold is None:
        return matching
    return msgspec.structs.replace(matching, match_bits=threshold, review_bits=min(matching.review_bits, threshold))


def _show(invocation: Invocation, linked: FileLinkage, written: list[Path]) -> None:
    for line in linked.recognised.lines():
        invocation.say(line)
    linkage = linked.linkage
    sure = _sureness(linkage)
    customers = int(linkage.labels.max()) + 1 if linked.rows else 0
    people = "one person" if customers == 1 else f"{customers:,} people"
    records = "One record is" if linked.rows == 1 else f"{linked.rows:,} records are"
    invocation.out.print(f"{records} {people}.")
    if sure["joined"]:
        invocation.out.print(
            f"How sure: {sure['joined']:,} records are tied to another one, {sure['sure']:,} of them with 99 % or "
            f"more, {sure['likely']:,} with 90 to 99 %, {sure['doubtful']:,} with less; "
            f"{sure['reviews']:,} pairs were kept apart in doubt."
        )
    model = linkage.model
    invocation.out.print(
        f"Model {model.version} learned from {model.records:,} records; one person from "
        f"{linkage.report.match_bits:+.1f} bits on."
    )
    if (reach := reach_sentence(model)) is not None:
        invocation.out.print(reach)
    if model.records < 1_000:
        invocation.say(f"{model.records:,} records are few to learn weights from: they rest mostly on usual values.")
    for field in linkage.report.caps_bound:
        invocation.say(f"{field} disagrees in more matches than is plausible: look at some joins before you trust it.")
    if written:
        invocation.out.print(f"Wrote {' and '.join(str(path) for path in written)}.", markup=False)
    else:
        invocation.say("Nothing was written: name a file with -o.")


def _sureness(linkage: Linkage) -> dict[str, int]:
    """How many records are tied to another one, by the probability of their strongest tie."""
    likely = probability(linkage.weights[linkage.weights != 0])
    return {
        "joined": len(likely),
        "sure": int(np.count_nonzero(likely >= _SURE)),
        "likely": int(np.count_nonzero((likely >= _LIKELY) & (likely < _SURE))),
        "doubtful": int(np.count_nonzero(likely < _LIKELY)),
        "reviews": len(linkage.reviews()),
    }


def _result(linked: FileLinkage, out: Path | None, explain: Path | None) -> dict[str, Any]:
    linkage = linked.linkage
    return {
        "records": linked.rows,
        "customers": len(set(linkage.labels.tolist())),
        "out": None if out is None else str(out),
        "explain": None if explain is None else str(explain),
        "columns": {name: list(columns) for name, columns in linked.recognised.columns.items()},
        "ignored": list(linked.recognised.ignored),
        "sureness": _sureness(linkage),
        "match_bits": linkage.report.match_bits,
        "model": linkage.model.version,
        "reached": linkage.model.reached,
    }
