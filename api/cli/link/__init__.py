"""`c360 link`: who is who in any table, why two records are one customer, and the model that says so."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from api.cli.examples import examples
from api.cli.link import evaluation, model, pair, table, training

_FILE = "file"


class _FileOrNoun(TyperGroup):
    """`c360 link people.csv` is `c360 link file people.csv`: the first word is a file unless it is a command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = [_FILE, *args]
        return list(super().parse_args(ctx, args))


def hang_on(app: typer.Typer) -> None:
    group = typer.Typer(
        cls=_FileOrNoun,
        no_args_is_help=True,
        help="Find out who is who in a table: [bold]c360 link FILE -o OUT[/]; explain it, judge it, train its model.",
        epilog=examples("c360 link people.csv -o who.csv", "c360 link evaluate who.csv truth.csv"),
    )
    group.command(
        _FILE,
        epilog=examples(
            "c360 link people.csv -o who.csv",
            "c360 link a.csv -o b.parquet --map nachname=last_name",
            "c360 link people.csv -o who.csv --threshold 3 --explain why.jsonl",
        ),
    )(table.link)
    group.command("evaluate", epilog=examples("c360 link evaluate who.csv truth.csv --json"))(evaluation.evaluate)
    group.command(
        "explain",
        epilog=examples(
            "c360 link explain crm/contacts/101 helpdesk/users/360000000101",
            "c360 link explain 1 2 --file people.csv --svg why.svg",
            "c360 link explain --customer mara.lindqvist@nordlicht.example --svg tree.svg",
        ),
    )(pair.explain)
    group.command(
        "train",
        epilog=examples("c360 link train", "c360 link train --use", "c360 link train people.csv -o people.model"),
    )(training.train)
    group.command("drift", epilog=examples("c360 link drift", "c360 link drift --json"))(training.drift)
    shown = typer.Typer(no_args_is_help=True, help="The linkage model in force: what it learned.")
    shown.command("show", epilog=examples("c360 link model show", "c360 link model show --svg model.svg"))(model.show)
    group.add_typer(shown, name="model")
    app.add_typer(group, name="link")
