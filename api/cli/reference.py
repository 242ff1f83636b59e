"""Files that are made from others, the pages of docs/ among them: `python -m api.cli.reference` writes them."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import typer
from graphql import ListTypeNode, NonNullTypeNode, OperationDefinitionNode, VariableDefinitionNode, parse

from api.cli.main import app
from api.variables import FOR_TESTS, VARIABLES, Variable
from connectors.sample import MARA_EMAIL
from graph import rules
from graph.ask import columns_of, has_default
from graph.cypher import cypher, questions
from graph.figures.board import KPIS

ROOT = Path(__file__).parents[2]
SAMPLES = {"emailAddress": MARA_EMAIL, "query": "lindqvist", "from": "2025-07-01", "to": "2026-07-01"}


def cli_page() -> str:
    """Every command with its arguments, options and examples."""
    command: Any = typer.main.get_command(app)
    lines = [
        "# The command line",
        "",
        "This page is made from the commands' own help by `python -m api.cli.reference`.",
        "",
        "Exit codes: 0 all is well; 1 something failed; 2 the call or the configuration must be changed; "
        "130 it was stopped by Ctrl-C, 143 by SIGTERM. Answers go to standard output, progress and messages to "
        "standard error.",
        "",
        "## Global options",
        "",
        *_options(command),
    ]
    for path, each in sorted(_commands(command, "c360")):
        lines += ["", f"## {path}", "", _plain(each.help or ""), "", *_options(each), *_examples(each.epilog or "")]
    return "\n".join(lines).rstrip() + "\n"


def rules_page() -> str:
    """Every section of rules.toml with its keys, their defaults and what they mean."""
    lines = [
        "# rules.toml",
        "",
        "This page is made from the types by `python -m api.cli.reference`.",
        "",
        (rules.__doc__ or "").strip(),
        "",
        "`[[…]]` may stand several times; what the file says replaces the shipped list as a whole.",
    ]
    fields = {field.name: field for field in msgspec.structs.fields(rules.Rules)}
    lines += ["", "Keys outside of sections, at the top of the file:", "", "| key | default | |", "|---|---|---|"]
    lines += [
        f"| `{name}` | {_default(fields[name])} | {said} |" for name, said in _said_of_fields(rules.Rules).items()
    ]
    for name, hint in get_type_hints(rules.Rules).items():
        kinds = [
            kind for kind in (hint, *get_args(hint)) if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
        ]
        for kind in kinds:
            heading = f"[{name}]" if kind is hint else f"[[{name}]]"
            lines += ["", f"## {heading}", "", *_section(kind)]
            for keys, inner in _tables_in(kind).items():
                within = ", ".join(f"`[[{name}.{key}]]`" for key in keys)
                lines += ["", f"### {within}", "", *_section(inner)]
    return "\n".join(lines).rstrip() + "\n"


def questions_page() -> str:
    """Every shipped question: what it tells, what it needs, what its columns are."""
    lines = [_QUESTIONS.strip()]
    for question in questions():
        typed = [f"[{one.name}]" if has_default(one) else one.name for one in question.parameters]
        columns = ", ".join(columns_of(cypher(f"questions/{question.name}")))
        needs = f"Parameters: {', '.join(typed) or 'none'}. Columns: {columns}."
        lines += ["", f"## {question.name}", "", question.description, "", needs]
    return "\n".join(lines).rstrip() + "\n"


_QUESTIONS = """
# Questions

This page is made from the files' own headers by `python -m api.cli.reference`.

`c360 ask NAME` asks one, `--text` prints its Cypher to be pasted into Neo4j Browser; `--format json|csv|parquet` and
`-o FILE` take its answer along.
A parameter in brackets may be left out. *Activity* is inbound and not automated; a *handoff* is a change of the
responsible team within one matter; a *matter* is a ticket, deal, order or subscription.
A moment is written `2026-03-01` or `2026-03-01T12:00:00Z`. The sample company's clock stands at 2026-06-30.

```sh
c360 ask repeated_questions
c360 ask time_between_stages --param from=lead --param to=customer --param now=2026-06-30
c360 ask silent_customers --param now=2026-06-30 --param top=5
c360 ask customer_by_email --param email=mara.lindqvist@nordlicht.example --json
```
"""


def kpis_page() -> str:
    """Every KPI with what it tells, what is counted, of what, and whose definition it is."""
    lines = [_KPIS.strip()]
    for each in KPIS.values():
        told = each.definition
        where = f" [{told.source_url}]({told.source_url})" if told.source_url else ""
        better = "more is better" if told.higher_is_better else "less is better"
        lines += [
            "",
            f"### {told.name}",
            "",
            f"`{told.key}`, in {told.unit.lower()}; {better}; version {told.version}.",
        ]
        lines += ["", told.summary, "", f"- Numerator: {told.numerator}.", f"- Denominator: {told.denominator}."]
        lines += [f"- Source: {told.source.rstrip('.')}.{where}"]
    return "\n".join(lines) + "\n"


_KPIS = """
# KPIs

This page is made from the figures' own definitions by `python -m api.cli.reference`.

`kpi(key: …, period: …)` answers one, `kpis` a board of them, `kpiDefinitions` what this page says. Every value comes
with how many it rests on, a 95 % interval where one exists, its period and whether that is over, its coverage, and
where it cannot be given, why: `unavailableReason` and `note`. Nothing is told of fewer than five.

All of them take a period, `unit: CUSTOMER | ACCOUNT`, a filter and `asOf` (only what had happened by then). A filter
by function, channel, touchpoint, source, campaign or team narrows interactions: of a survey answer what it is about
has to fit, of a ticket how it began; of a figure about customers (churn, lifetime value …) it means those who by the
end of the period experienced something that fits.

## The measurement plan

Who answers for a figure, what it is to be, and which sources it rests on, is written in rules.toml. An owner is one
named person: a department is refused, because nobody can ask it. `measurementPlan` holds the plan against what there
is: values, coverage, sources that were not read for longer than the cadence, whatever is missing. Where a source was
last read longer than the cadence (and a day) before the end of the period, or before now, `kpi`, `kpis` and reports
give no value but `SOURCE_STALE`; a period that was over when its sources were read keeps its value.

```toml
[[kpi]]
key = "csat_binary"
owner = "Ines Marl"
target = 85.0
source = ["helpdesk"]
cadence = "weekly"

[[report]]
title = "Service, week by week"
owner = "Ines Marl"
kpis = ["csat_binary", "first_response_median", "first_contact_resolution"]
cadence = "weekly"
to = ["ines.marl@acme.example"]
```

`c360 report send` sends the boards of the last full day, week, month or quarter with the change since the one before,
to each receiver once, by mail (text and HTML) or `webhook = true`; `--dry-run` prints them. `c360 serve` does it by
itself. Where mails and webhooks go is set as for [alerts](alerts.md).

## The figures
"""


def graphiql_examples() -> str:
    """The example queries as GraphiQL offers them: `[{title, query, variables}]`, the variables as a text of JSON."""
    examples = []
    for path in sorted((ROOT / "examples" / "queries").glob("*.graphql")):
        query = path.read_text(encoding="utf-8")
        (operation,) = parse(query).definitions
        assert isinstance(operation, OperationDefinitionNode)
        needed = [one for one in operation.variable_definitions or () if one.default_value is None]
        variables = {one.variable.name.value: _sample(one) for one in needed}
        title = query.partition("\n")[0].removeprefix("# ").removesuffix(".")
        examples.append({"title": title, "query": query, "variables": json.dumps(variables, indent=2)})
    return json.dumps(sorted(examples, key=lambda example: example["title"]), indent=1, ensure_ascii=False) + "\n"


def settings_page() -> str:
    """plugins.toml, rules.toml and every variable."""
    lines = [_SETTINGS.strip(), "", *_variables(VARIABLES), "", "For the tests:", "", *_variables(FOR_TESTS)]
    return "\n".join([*lines, "", _COMPOSE.strip()]) + "\n"


def _variables(variables: Iterable[Variable]) -> list[str]:
    rows = [f"| {', '.join(f'`{name}`' for name in each.names)} | {each.meaning} |" for each in variables]
    return ["| variable | meaning |", "|---|---|", *rows]


_SETTINGS = """
# Settings

This page is made by `python -m api.cli.reference`; `c360 doctor` checks what is set.

c360 has two files and a few variables. The files are in the folder of `--config` (the current one unless said).

## plugins.toml

One section a source; the section's name is the source's name everywhere. `c360 init FOLDER` writes it from exports.

| key | meaning |
|---|---|
| `connector` | which connector reads it; `c360 plugins list` shows those there are |
| `path` | a connector of your own: a Python file, relative to plugins.toml |
| `streams` | only these streams of the source |
| `trust` | 0 to 1, 0.5 unless said: whose word counts when sources disagree |
| `function` | `marketing`, `sales`, `service`, `product` or `finance` |
| `owner` | the person who answers for the source |
| `every` | how often `c360 serve` syncs it: `15m`, `2h`, `1d`; without it only when somebody asks |

The other keys are the connector's own: each has its page, listed in the [index](index.md).
A secret stands elsewhere: `{ env = "VARIABLE" }` or `{ file = "/run/secrets/name" }`. What a section lacks is also
looked for in the variable `C360_<SECTION>_<KEY>`.

## rules.toml

How customers are linked, described and counted. It may be left out, and so may each of its sections:
[rules.toml](rules.md) has them all.

## Variables

They stand in the environment, or in a file `.env` in the folder of `--config`; the environment wins. At its start
`c360 serve` tells everything that is wrong with them at once.
"""

_COMPOSE = """
For docker-compose.yml: `C360_NEO4J_HEAP` (`1g`), `C360_NEO4J_PAGECACHE` (`512m`) and `C360_NEO4J_MEMORY` (`2g`),
what its Neo4j may take; `C360_MEMORY` (`2g`), what the API and a sync may. Secrets are files in `./secrets`: the
file says how to make them.
"""


PAGES = {
    "docs/cli.md": cli_page,
    "docs/settings.md": settings_page,
    "docs/rules.md": rules_page,
    "docs/questions.md": questions_page,
    "docs/kpis.md": kpis_page,
    "api/web/graphiql/examples.json": graphiql_examples,
}
"""What makes a file, by its path."""


def _sample(definition: VariableDefinitionNode) -> object:
    """A value that finds something in the sample company; an empty one where only an id would do."""
    kind = definition.type.type if isinstance(definition.type, NonNullTypeNode) else definition.type
    return [] if isinstance(kind, ListTypeNode) else SAMPLES.get(definition.variable.name.value, "")


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, each in command.commands.items():
        if hasattr(each, "commands"):
            yield from _commands(each, f"{path} {name}")
        elif path == "c360 link" and name == "file":
            yield "c360 link FILE", each
        else:
            yield f"{path} {name}", each


def _options(command: Any) -> list[str]:
    rows = []
    for each in command.params:
        if getattr(each, "hidden", False):
            continue
        if each.name in ("help", "install_completion", "show_completion"):
            continue
        is_option = each.param_type_name == "option"
        name = ", ".join(each.opts) if is_option else (each.metavar or each.name.upper())
        takes = f" {each.metavar or each.opts[0].lstrip('-').upper()}" if is_option and not each.is_flag else ""
        shown = (
            "" if each.default in (None, False, (), []) or callable(each.default) else f" Default: `{each.default}`."
        )
        rows.append(f"- `{name}{takes}`: {_plain(each.help or '')}{shown}")
    return rows


def _examples(epilog: str) -> list[str]:
    found = [line.replace("\\[", "[") for line in re.findall(r"\[bold\](.+?)\[/\]", epilog)]
    return ["", "```sh", *found, "```"] if found else []


def _plain(text: str) -> str:
    return re.sub(r"\[/?[a-z ]*\]", "", inspect.cleandoc(text))


def _section(kind: type[msgspec.Struct]) -> list[str]:
    said = _said_of_fields(kind)
    lines = [inspect.getdoc(kind) or "", "", "| key | default | |", "|---|---|---|"]
    for field in msgspec.structs.fields(kind):
        default = _default(field)
        lines.append(f"| `{field.name}` | {default} | {said.get(field.name, '')} |")
    return lines


def _tables_in(kind: type[msgspec.Struct]) -> dict[tuple[str, ...], type[msgspec.Struct]]:
    """The tables that may stand in a section, by the keys under which they do."""
    keys: dict[type[msgspec.Struct], list[str]] = {}
    for key, hint in get_type_hints(kind).items():
        for inner in get_args(hint):
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                keys.setdefault(inner, []).append(key)
    return {tuple(names): inner for inner, names in keys.items()}


def _default(field: Any) -> str:
    value = field.default if field.default is not msgspec.NODEFAULT else None
    if value is None and field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    if field.required:
        return "needed"
    return "–" if value in (None, (), {}) else f"`{msgspec.json.encode(value).decode()}`"


def _said_of_fields(kind: type[msgspec.Struct]) -> dict[str, str]:
    """The texts that stand below the fields in the source."""
    (body,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(body, ast.ClassDef)
    said: dict[str, str] = {}
    for before, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(before, ast.AnnAssign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            assert isinstance(before.target, ast.Name)
            said[before.target.id] = " ".join(str(after.value.value).split())
    return said


if __name__ == "__main__":
    for name, page in PAGES.items():
        (ROOT / name).write_text(page(), encoding="utf-8")
