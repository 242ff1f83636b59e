"""`c360 link`: who is who in any table, why two records are one customer, and the model that says so."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import typer

from api.cli.examples import examples
from api.cli.late import LateGroup

_FILE = "file"


class _FileOrNoun(LateGroup):
    """`c360 link people.csv` is `c360 link file people.csv`: the first word is a file unless it is a command."""

    modules = MappingProxyType(
        {
            _FILE: "api.cli.link.table",
            "evaluate": "api.cli.link.evaluation",
            "explain": "api.cli.link.pair",
            "train": "api.cli.link.training",
            "drift": "api.cli.link.training",
            "model": "api.cli.link.model",
        }
    )

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
    app.add_typer(group, name="link")
