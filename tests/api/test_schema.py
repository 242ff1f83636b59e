"""The schema as others see it, and the example queries we promise to answer."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    is_specified_scalar_type,
    validate_schema,
)

from api.limits import Limits
from api.plan.ids import encode_id
from api.plan.select import reads
from api.plan.service import Service
from api.schema.schema import export_schema, graphql_schema
from connectors.sample.plan import RULES_TOML
from graph.rules import read_rules
from graph.store.driver import Store
from tests.api.conftest import Ask, asker

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "queries").glob("*.graphql"))
OF_REVIEWS = {
    "match_reviews",
    "match_explanation",
    "accept_match",
    "merge_customers",
    "split_customer",
    "revert_decision",
    "record_interaction",
    "record_survey_response",
    "start_sync",
    "alerts",
    "alert_raised",
    "resolve_alert",
    "sync_progress",
}
"""These need records that were linked: tests/api/test_reviews.py, test_recording.py, test_syncs.py, test_alerts.py."""
VARIABLES: dict[str, dict[str, Any]] = {
    "customer_by_email": {"emailAddress": "ada@x.test"},
    "customer_by_phone": {"phoneNumber": "+49 30 123456"},
    "customer_by_source_record": {"source": "crm", "stream": "contacts", "sourceId": "1"},
    "search": {"query": "ada"},
    "account": {"id": encode_id("Account", "a-1")},
    "best_customers": {"from": "2026-01-01", "to": "2026-02-01"},
    "lifecycle": {"from": "2026-01-01", "to": "2026-02-01"},
    "segments": {"from": "2026-01-01", "to": "2026-02-01"},
    "journey_flow": {"from": "2026-01-01", "to": "2026-02-01"},
    "funnel": {"period": {"from": "2026-01-01", "to": "2026-02-01"}},
    "journey_paths": {"period": {"from": "2026-01-01", "to": "2026-02-01"}},
    "what_followed": {"period": {"from": "2026-01-01", "to": "2026-02-01"}},
    "conversion_sequences": {"period": {"from": "2026-01-01", "to": "2026-02-01"}},
    "touchpoints": {"period": {"from": "2026-01-01", "to": "2026-02-01"}},
    "time_between": {"period": {"from": "2026-01-01", "to": "2026-02-01"}},
    "meeting": {"id": encode_id("Interaction", "s2")},
    "nodes": {"ids": [encode_id("Customer", "c-ada"), encode_id("Interaction", "h1")]},
}
OF_THE_SAMPLE = {"journey_map", "promises", "initiatives"}
"""These need rules: the sample company's."""
NO_VARIABLES = {
    *OF_THE_SAMPLE,
    "customers",
    "sources",
    "source_comparison",
    "interaction_kinds",
    "kpi_board",
    "where_it_hurts",
}
NO_VARIABLES |= {"attribution", "drivers", "inactivity_risk", "voice", "vanity_checks"}
NO_VARIABLES |= {"retention", "linked_kpis", "measurement_plan", "kpi_delta"}


def test_the_schema_file_is_the_schema() -> None:
    """A change of the schema comes with the new schema.graphql: run `c360 schema -o schema.graphql`."""
    assert (ROOT / "schema.graphql").read_text(encoding="utf-8") == export_schema()


def test_everything_in_the_schema_is_described() -> None:
    """Each type, field, argument and enum value says what it is; each scalar of ours names its specification."""
    silent: list[str] = []
    for name, type_ in graphql_schema().type_map.items():
        if name.startswith("__") or is_specified_scalar_type(type_):
            continue
        described: dict[str, Any] = {name: type_}
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in type_.fields.items():
                described[f"{name}.{field_name}"] = field
                described |= {f"{name}.{field_name}({argument})": arg for argument, arg in field.args.items()}
        elif isinstance(type_, GraphQLInputObjectType):
            described |= {f"{name}.{field}": found for field, found in type_.fields.items()}
        elif isinstance(type_, GraphQLEnumType):
            described |= {f"{name}.{member}": found for member, found in type_.values.items()}
        elif isinstance(type_, GraphQLScalarType) and not type_.specified_by_url:
            silent.append(f"{name} @specifiedBy")
        silent += [place for place, found in described.items() if not (found.description or "").strip()]

    assert silent == []
    assert validate_schema(graphql_schema()) == []


def test_a_deprecation_says_what_to_ask_for_and_until_when() -> None:
    """Each names what takes its place and, at its end, the day from which on it is gone."""
    told = {
        f"{name}.{field_name}": field.deprecation_reason
        for name, type_ in graphql_schema().type_map.items()
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType)
        for field_name, field in type_.fields.items()
        if field.deprecation_reason is not None
    }
    told |= {
        f"{name}.{member}": found.deprecation_reason
        for name, type_ in graphql_schema().type_map.items()
        if isinstance(type_, GraphQLEnumType)
        for member, found in type_.values.items()
        if found.deprecation_reason is not None
    }

    assert told
    for place, reason in told.items():
        found = re.fullmatch(r"Ask for `\w+`.*\. It is gone from (\d{4}-\d{2}-\d{2}) on\.", reason, re.DOTALL)
        assert found, place
        assert date.fromisoformat(found[1]), place


def test_every_field_declares_what_it_reads() -> None:
    """No field has a resolver of its own; connections, edges and page infos are read with their list."""
    undeclared = [
        f"{name}.{field_name}"
        for name, type_ in graphql_schema().type_map.items()
        if isinstance(type_, GraphQLObjectType)
        and not name.startswith("__")
        and not name.endswith(("Connection", "Edge", "PageInfo"))
        for field_name, field in type_.fields.items()
        if reads(field) is None
    ]

    assert undeclared == []


@pytest.mark.parametrize(
    "example", [path for path in EXAMPLES if path.stem not in OF_REVIEWS | OF_THE_SAMPLE], ids=lambda path: path.stem
)
async def test_each_example_is_answered(ask: Ask, example: Path) -> None:
    """Every query of examples/queries runs as it stands and finds something in the small company."""
    variables = (
        {} if example.stem in NO_VARIABLES else VARIABLES.get(example.stem, {"id": encode_id("Customer", "c-ada")})
    )
    answer = await ask(example.read_text(encoding="utf-8"), **variables)  # noqa: ASYNC240  a small file of ours

    assert "errors" not in answer, answer["errors"]
    assert all(answer["data"].values())


@pytest.mark.parametrize("name", sorted({*OF_THE_SAMPLE, "best_customers"}))
async def test_each_example_of_the_sample_is_answered(company: Store, tmp_path: Path, name: str) -> None:
    """What the sample's rules.toml names is told, though this small company shows little of it."""
    (tmp_path / "rules.toml").write_text(RULES_TOML, encoding="utf-8")
    ask = asker(Service(graphql_schema(), company, writes_to=company, rules=read_rules(tmp_path / "rules.toml")))
    text = (ROOT / "examples" / "queries" / f"{name}.graphql").read_text(encoding="utf-8")
    answer = await ask(text, **VARIABLES.get(name, {}))

    assert "errors" not in answer, answer["errors"]
    assert all(answer["data"].values())


def test_each_example_says_what_it_is_for() -> None:
    """An example begins with a sentence."""
    assert EXAMPLES
    assert [path.name for path in EXAMPLES if not path.read_text(encoding="utf-8").startswith("# ")] == []


def test_the_documented_limits_are_the_limits() -> None:
    """docs/graphql.md names every limit with its value, and every example."""
    text = (ROOT / "docs" / "graphql.md").read_text(encoding="utf-8")
    limits = Limits()
    named = [f"{limits.body_bytes:,} bytes", *(f"| {n:,} |" for n in (limits.tokens, limits.depth, limits.fields))]
    named.append(f"| {limits.characters:,} |")
    named += [f"| {limits.aliases} |", f"| {limits.rows:,} |", f"| {limits.seconds:g} s |"]

    assert [words for words in named if words not in text] == []
    assert [path.name for path in EXAMPLES if path.name not in text] == []
