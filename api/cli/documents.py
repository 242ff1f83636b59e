"""`c360 documents`: what clients registered of their operations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from graphql import GraphQLError, parse, validate

from api.cli.errors import FAILURE
from api.cli.examples import examples
from api.cli.invocation import JsonOption, of
from api.cli.output import print_json, print_table
from api.limits import Limits, check_length, check_limits, measured
from api.schema.schema import graphql_schema
from api.settings import ApiSettings
from api.trusted import read_documents


def hang_on(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Trusted documents: those an API answers that answers no others.")
    group.command("check", epilog=examples("c360 documents check examples/queries"))(check)
    app.add_typer(group, name="documents")


def check(
    context: typer.Context,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A manifest, a document, or a folder of them.", exists=True)
    ],
    as_json: JsonOption = False,
) -> None:
    """Check manifests and documents against the schema and the limits, as C360_TRUSTED_DOCUMENTS reads them."""
    invocation = of(context)
    limits = ApiSettings.from_environment().limits
    documents: dict[str, list[str]] = {}
    for id, text in read_documents(path).items():
        documents.setdefault(text, []).append(id)
    wrong = [(min(ids, key=len), said) for text, ids in documents.items() for said in _mistakes(text, limits)]
    if as_json:
        found = [{"id": id, "message": said} for id, said in wrong]
        print_json(invocation.out, {"documents": len(documents), "problems": found})
    elif wrong:
        print_table(invocation.out, ("id", "what is wrong"), wrong)
    if wrong:
        raise typer.Exit(FAILURE)
    invocation.say(f"{len(documents)} documents are valid.")


def _mistakes(text: str, limits: Limits) -> list[str]:
    try:
        check_length(text, limits)
        document = parse(text, max_lexical_tokens=limits.tokens)
        check_limits(measured(document), limits)
    except GraphQLError as error:
        return [error.message]
    return [error.message for error in validate(graphql_schema(), document)]
