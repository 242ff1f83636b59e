"""`c360 cypher`: ask the graph a question that is shipped, or see its text."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, UsageProblem, of, with_store
from api.cli.output import print_json, print_table
from graph.ask import ask, has_default, known, parameter_values, text_of
from graph.cypher import Question, questions


def hang_on(app: typer.Typer) -> None:
    app.command(
        "cypher",
        epilog=examples(
            "c360 cypher",
            "c360 cypher handoffs --param since=2026-01-01",
            "c360 cypher ordered_funnel --param steps=form.submitted,deal.won --json",
            "c360 cypher silent_customers --text",
        ),
    )(cypher)


def cypher(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="The question; without it all are listed.")] = None,
    params: Annotated[
        list[str] | None, typer.Option("--param", "-p", metavar="K=V", help="A parameter of it; repeatable.")
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Print the Cypher, to paste into Neo4j Browser.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Ask the graph a shipped question; without a name, list them."""
    invocation = of(context)
    if name is None:
        _list(invocation, as_json)
    elif text:
        invocation.out.file.write(text_of(name))
    else:
        given = _pairs(params or [])
        parameter_values(known(name), given)  # refused before the store is started
        answer = with_store(invocation.store(), lambda store: ask(store, name, given))
        if as_json:
            print_json(invocation.out, answer.as_maps())
        else:
            print_table(invocation.out, answer.columns, answer.rows)


def _list(invocation: Invocation, as_json: bool) -> None:
    if as_json:
        print_json(invocation.out, [_as_map(question) for question in questions()])
        return
    rows = [(question.name, ", ".join(_typed(question)) or "–", question.description) for question in questions()]
    print_table(invocation.out, ("question", "parameters", "what it tells"), rows)


def _typed(question: Question) -> list[str]:
    return [f"[{one.name}]" if has_default(one) else one.name for one in question.parameters]


def _as_map(question: Question) -> dict[str, object]:
    parameters = [
        {"name": one.name, "example": one.example, "description": one.description, "required": not has_default(one)}
        for one in question.parameters
    ]
    return {"name": question.name, "description": question.description, "parameters": parameters}


def _pairs(params: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in params:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageProblem(f"--param {text}: write it as NAME=VALUE, e.g. --param since=2026-01-01")
        pairs[key] = value
    return pairs
