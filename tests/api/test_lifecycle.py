"""The lifecycle over GraphQL: stages, what the CRM says, baselines kept once and measured against."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from api.plan.service import Service
from api.schema.schema import graphql_schema
from api.viewer import Viewer
from graph.keys import Role
from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store
from graph.sync.rebuild import rebuild
from tests.api.conftest import Ask, asker, write_interactions

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 7, 1, tzinfo=UTC)
RECORD = """mutation ($input: RecordLifecycleBaselineInput!) { recordLifecycleBaseline(input: $input) {
  baseline { name from to recordedBy figures { part key value sampleSize unavailableReason } }
  userErrors { code field message } } }"""
MARCH = {"from": "2026-03-01", "to": "2026-04-01"}


def asking(store: Store) -> Ask:
    return asker(Service(graphql_schema(), store, writes_to=store, now=lambda: NOW))


@pytest.fixture
async def store_of_leads(embedded_store: Store) -> Store:
    """Eight leads of March, of whom the CRM calls six customers; nothing came of them."""
    await embedded_store.write("CREATE (:Stage {name: 'lead', ordinal: 2})")
    for number in range(8):
        at = int(datetime(2026, 3, 2 + number, 12, tzinfo=UTC).timestamp() * 1000)
        await embedded_store.write(
            "CREATE (c:Customer {id: $id, display_name: $id, sort_name: $id, stage_said: $said}) "
            "WITH c MATCH (s:Stage {name: 'lead'}) "
            "CREATE (c)-[:REACHED {ordinal: 0, at: datetime({epochMillis: $at}), regression: false}]->(s)",
            id=f"c{number}",
            said="customer" if number < 6 else None,
            at=at,
        )
        row: dict[str, Any] = {"id": f"i{number}", "at": at, "sequence": 0, "kind": "form.submitted", "stage": "lead"}
        shared = {"function": "marketing", "channel": "web", "direction": "inbound", "automated": False}
        await write_interactions(embedded_store, f"c{number}", [row | shared])
    return embedded_store


async def test_the_lifecycle_tells_stages_and_what_the_crm_says(store_of_leads: Store) -> None:
    """In June eight leads have been silent for ninety days; the CRM calls six of them customers."""
    answer = await asking(store_of_leads)(
        '{ lifecycle(period: {from: "2026-06-01", to: "2026-07-01"}) { stages { stage customerCount lostCount '
        "dwellDays { unavailableReason } } activity { status customerCount } "
        "said { said shown agrees customerCount examples { displayName } } } }"
    )
    assert "errors" not in answer, answer["errors"]
    found = answer["data"]["lifecycle"]
    lead = next(stage for stage in found["stages"] if stage["stage"] == "lead")

    assert lead == {
        "stage": "lead",
        "customerCount": 8,
        "lostCount": 8,
        "dwellDays": {"unavailableReason": "IMMATURE"},
    }
    assert {"status": "DORMANT", "customerCount": 8} in found["activity"]
    first, second = found["said"]
    assert (first["said"], first["shown"], first["customerCount"], len(first["examples"])) == ("customer", "lead", 6, 5)
    assert (second["said"], second["customerCount"]) == (None, None)


async def test_a_baseline_is_kept_once_and_measured_against(store_of_leads: Store) -> None:
    """The same request is kept once; another under its key and a taken name are refused; a rebuild keeps it."""
    ask = asking(store_of_leads)
    given = {"name": "before", "period": MARCH, "idempotencyKey": "k1"}
    tried = await ask(RECORD, input={**given, "dryRun": True})
    before = await digest(store_of_leads)
    first, again = await ask(RECORD, input=given), await ask(RECORD, input=given)
    await rebuild(store_of_leads, Rules())
    after = await digest(store_of_leads)
    other = await ask(RECORD, input={**given, "name": "another"})
    taken = await ask(RECORD, input={**given, "idempotencyKey": None})
    against = await ask(
        '{ lifecycle(period: {from: "2026-06-01", to: "2026-07-01"}, baseline: "before") { '
        "comparisons { before { part value } now { value } difference } baseline { name } } }"
    )

    assert tried["data"] == first["data"] == again["data"]
    acquired = first["data"]["recordLifecycleBaseline"]["baseline"]["figures"][0]
    assert (acquired["part"], acquired["value"]) == ("acquisition", 8.0)
    assert (before.sections["baselines"].count, after.sections["baselines"].count) == (0, 1)
    (key_reused,) = other["data"]["recordLifecycleBaseline"]["userErrors"]
    (name_taken,) = taken["data"]["recordLifecycleBaseline"]["userErrors"]
    assert (key_reused["code"], name_taken["code"]) == ("IDEMPOTENCY_KEY_REUSED", "INVALID")
    (comparison, *_) = against["data"]["lifecycle"]["comparisons"]
    assert comparison == {
        "before": {"part": "acquisition", "value": 8.0},
        "now": {"value": 0.0},
        "difference": -8.0,
    }


async def test_accounts_have_a_lifecycle_and_a_baseline_of_their_own(store_of_leads: Store) -> None:
    """Seven of the eight leads work for one account; a baseline of accounts is held against accounts alone."""
    await store_of_leads.write(
        "CREATE (a:Account {id: 'acme', name: 'Acme'}) WITH a MATCH (c:Customer) WHERE c.id <> 'c7' "
        "CREATE (c)-[:WORKS_FOR]->(a)"
    )
    ask = asking(store_of_leads)
    record = await ask(RECORD, input={"name": "by account", "period": MARCH, "unit": "ACCOUNT"})
    lifecycle = 'lifecycle(period: {from: "2026-06-01", to: "2026-07-01"}, baseline: "by account"'
    answer = await ask(
        f"{{ {lifecycle}, unit: ACCOUNT) {{ stages {{ stage customerCount lostCount }} baseline {{ unit }} "
        "said { said shown exampleAccounts { name } examples { id } } } }"
    )
    of_customers = await ask(f"{{ {lifecycle}) {{ weakestStage }} }}")

    assert record["data"]["recordLifecycleBaseline"]["userErrors"] == []
    found = answer["data"]["lifecycle"]
    lead = next(stage for stage in found["stages"] if stage["stage"] == "lead")
    assert (lead["customerCount"], lead["lostCount"], found["baseline"]) == (1, 1, {"unit": "ACCOUNT"})
    assert found["said"] == [
        {"said": "customer", "shown": "lead", "exampleAccounts": [{"name": "Acme"}], "examples": []}
    ]
    assert "counts by ACCOUNT" in of_customers["errors"][0]["message"]


async def test_examples_are_for_stewards_and_an_unknown_baseline_is_refused(embedded_store: Store) -> None:
    """An analyst sees counts; whoever misspells a baseline is told which there are."""
    service = Service(graphql_schema(), embedded_store, writes_to=embedded_store, now=lambda: NOW)
    of_march = 'lifecycle(period: {from: "2026-03-01", to: "2026-04-01"}'
    analyst = Viewer("ana", Role.ANALYST)
    with pytest.raises(Exception, match="examples"):
        await service.answer(f"{{ {of_march}) {{ said {{ examples {{ id }} }} }} }}", viewer=analyst)
    allowed = await service.answer(f"{{ {of_march}) {{ said {{ customerCount }} }} }}", viewer=analyst)
    unknown = await service.answer(f'{{ {of_march}, baseline: "x") {{ weakestStage }} }}', viewer=analyst)

    assert allowed.errors is None
    assert unknown.errors is not None
    assert "There is no baseline" in unknown.errors[0].message
