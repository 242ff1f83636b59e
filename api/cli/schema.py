"""`c360 schema`: the API's schema as GraphQL writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.examples import examples
from api.cli.invocation import of
from api.schema.schema import export_schema


def hang_on(app: typer.Typer) -> None:
    app.command("schema", epilog=examples("c360 schema", "c360 schema -o schema.graphql"))(schema)


def schema(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write it there instead of printing it.")] = None,
) -> None:
    """Print the GraphQL schema, e.g. for a client's code generator."""
    text = export_schema()
    if out is None:
        of(context).out.file.write(text)
    else:
        out.write_text(text, encoding="utf-8")
