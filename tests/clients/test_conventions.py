"""schema.graphql keeps to the conventions of those who use such schemas, and to what was released."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients.workshop import Workshop

pytestmark = pytest.mark.clients
RULES = "conventions"


@pytest.fixture
def flawed(workshop: Workshop) -> str:
    """The schema with a type that nobody uses, describes, or names as is usual."""
    schema = (workshop.folder / RULES / "schema.graphql").read_text(encoding="utf-8")
    (workshop.folder / RULES / "flawed.graphql").write_text(f"{schema}\ntype shoe_size {{\n  Value: Int\n}}\n")
    return "flawed.graphql"


def eslint(workshop: Workshop, schema: str) -> set[str]:
    """The rules of graphql-eslint that a schema breaks, with the lines."""
    ran = workshop.run("eslint", "--format", "json", schema, within=RULES)
    assert ran.code in (0, 1), ran.said
    (found,) = json.loads(ran.out)
    return {f"{message['ruleId']} {message['line']}: {message['message']}" for message in found["messages"]}


def schema_linter(workshop: Workshop, schema: str) -> set[str]:
    """The rules of graphql-schema-linter that a schema breaks, with the lines."""
    ran = workshop.run("graphql-schema-linter", "--config-directory", ".", "--format", "json", schema, within=RULES)
    assert ran.code in (0, 1), ran.said
    errors = json.loads(ran.out)["errors"]
    return {f"{error['rule']} {error['location']['line']}: {error['message']}" for error in errors}


def breaking(workshop: Workshop, before: str, after: str) -> list[str]:
    """What graphql-inspector finds that would break a client of the schema before."""
    ran = workshop.run("node", "changes.mjs", before, after, within=RULES)
    assert ran.code == 0, ran.said
    return [change["message"] for change in json.loads(ran.out) if change["level"] == "BREAKING"]


def test_the_schema_keeps_the_rules_of_graphql_eslint(workshop: Workshop) -> None:
    """All rules for schemas and for Relay, save those that conventions/eslint.config.mjs names with a reason."""
    assert eslint(workshop, "schema.graphql") == set()


def test_the_schema_keeps_the_rules_of_graphql_schema_linter(workshop: Workshop) -> None:
    """All rules save the alphabetical ones: conventions/.graphql-schema-linterrc.yaml."""
    assert schema_linter(workshop, "schema.graphql") == set()


def test_what_breaks_a_rule_is_found(workshop: Workshop, flawed: str) -> None:
    """Both linters see a type that is badly named, not described and not used."""
    by_eslint = {found.split()[0].rpartition("/")[2] for found in eslint(workshop, flawed)}
    by_linter = {found.split()[0] for found in schema_linter(workshop, flawed)}

    assert by_eslint == {"naming-convention", "require-description", "no-unreachable-types"}
    assert by_linter == {
        "types-are-capitalized", "types-have-descriptions", "fields-are-camel-cased", "fields-have-descriptions",
        "defined-types-are-used",
    }  # fmt: skip


def test_nothing_that_was_released_is_broken(workshop: Workshop) -> None:
    """A client of conventions/released.graphql works with schema.graphql.

    A release copies its schema there. A break that is meant goes there, too, with its line in CHANGELOG.md.
    """
    assert breaking(workshop, "released.graphql", "schema.graphql") == []


def test_a_field_that_is_gone_is_a_break(workshop: Workshop) -> None:
    """graphql-inspector sees it, so an empty list above means something."""
    folder: Path = workshop.folder / RULES
    schema = (folder / "schema.graphql").read_text(encoding="utf-8")
    shorter = schema.replace('  """What each source says by itself, beside what is true of all together."""\n', "", 1)
    (folder / "shorter.graphql").write_text(shorter.replace("  sourceComparison: SourceComparison!\n", "", 1))

    assert breaking(workshop, "schema.graphql", "shorter.graphql") == [
        "Field 'sourceComparison' was removed from object type 'Query'"
    ]
