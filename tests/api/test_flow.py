"""Journey flow: what is counted, and that the counts agree."""

from __future__ import annotations

from typing import Any

import pytest

from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.store.driver import Store
from tests.api.conftest import JOURNEY, Ask, asker, write_interactions

MINUTE = 60_000
JOURNEYS: dict[str, list[tuple[str, int]]] = {
    "c1": [("form.submitted", 0), ("deal.created", 10), ("deal.won", 30)],
    "c2": [("form.submitted", 0), ("form.submitted", 1), ("deal.created", 21), ("deal.lost", 31)],
    "c3": [("ticket.created", 0), ("form.submitted", 5), ("deal.created", 35), ("deal.won", 36)],
    "c4": [("form.submitted", 0)],
}
QUERY = """query ($input: JourneyFlowInput!) { journeyFlow(input: $input) { customerCount excludedInteractionCount
  nodes { key label step customerCount visitCount startCount exitCount cutCount hiddenInCount hiddenOutCount }
  links { sourceKey targetKey traversalCount customerCount medianSeconds } } }"""
BEGIN = 1_767_225_600_000
PERIOD = {"from": "2026-01-01", "to": "2026-02-01"}


@pytest.fixture
async def flow(store: Store) -> Ask:
    """Four customers with short journeys on the first of January 2026."""
    for customer, events in JOURNEYS.items():
        await store.write("CREATE (:Customer {id: $id})", id=customer)
        rows = [
            {
                "id": f"{customer}-{number}",
                "at": BEGIN + minute * MINUTE,
                "sequence": 0,
                "kind": kind,
                "automated": False,
            }
            for number, (kind, minute) in enumerate(events)
        ]
        await write_interactions(store, customer, rows)
    return asker(Service(graphql_schema(), store, writes_to=store))


async def asked(flow: Ask, **input: Any) -> Any:
    answer = await flow(QUERY, input={"period": PERIOD, "minCustomers": 1, **input})
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["journeyFlow"]


@pytest.mark.anyio
async def test_a_flow_counts_traversals_customers_and_ends(flow: Ask) -> None:
    """From the form on: three went to a deal, one stopped; times are medians; repeats are one step."""
    found = await asked(flow, startAt="form.submitted")

    nodes = {node["key"]: node for node in found["nodes"]}
    links = {(link["sourceKey"], link["targetKey"]): link for link in found["links"]}
    assert found["customerCount"] == 4
    assert found["excludedInteractionCount"] == 0
    assert (nodes["0:form.submitted"]["visitCount"], nodes["0:form.submitted"]["exitCount"]) == (4, 1)
    assert nodes["2:deal.won"]["customerCount"] == 2
    assert links["0:form.submitted", "1:deal.created"]["traversalCount"] == 3
    assert links["0:form.submitted", "1:deal.created"]["medianSeconds"] == 1260.0
    assert len(links) == 3


@pytest.mark.anyio
async def test_a_flow_leads_to_an_end_and_leaves_out_what_is_excluded(flow: Ask) -> None:
    """With an end alone the steps before it are shown, numbered backwards; excluded kinds are counted."""
    found = await asked(flow, endAt="deal.won", maxSteps=2, excludeKinds=["ticket.created"])

    assert found["customerCount"] == 2
    assert found["excludedInteractionCount"] == 1
    assert {(node["key"], node["visitCount"]) for node in found["nodes"]} == {("-1:deal.created", 2), ("0:deal.won", 2)}


@pytest.mark.anyio
async def test_few_customers_are_hidden_and_their_traversals_counted(flow: Ask) -> None:
    """With a minimum of two customers the lost deal is not shown, but its traversal is."""
    found = await asked(flow, startAt="form.submitted", minCustomers=2)

    nodes = {node["key"]: node for node in found["nodes"]}
    assert "2:deal.lost" not in nodes
    assert nodes["1:deal.created"]["hiddenOutCount"] == 1


@pytest.mark.anyio
@pytest.mark.parametrize("dimension", ["KIND", "TOUCHPOINT", "CHANNEL", "FUNCTION", "LIFECYCLE_STAGE"])
async def test_a_flow_is_told_in_every_dimension(ask: Ask, dimension: str) -> None:
    """Ada's journey by kind, touchpoint, channel, function or stage; what has no value there is counted as left out."""
    found = await asked(ask, dimension=dimension, maxSteps=20, collapseRepeats=False)

    counted = sum(node["visitCount"] for node in found["nodes"]) + found["excludedInteractionCount"]
    assert counted == len(JOURNEY)
    assert found["customerCount"] == (0 if dimension == "LIFECYCLE_STAGE" else 1)


@pytest.mark.anyio
async def test_a_flow_is_of_some_interactions_and_of_what_had_happened_by_then(ask: Ask) -> None:
    """Of service alone, as of before the answer to the survey."""
    asked_at = {"asOf": "2026-01-08T00:00:00Z", "filter": {"functions": ["SERVICE"]}}
    found = await asked(ask, maxSteps=5, unit="CUSTOMER", **asked_at)

    assert [node["key"] for node in found["nodes"]] == ["0:ticket.created", "1:ticket.replied"]
    assert found["excludedInteractionCount"] == 0


@pytest.mark.anyio
async def test_a_period_without_sense_is_refused(flow: Ask) -> None:
    """An empty period, an unknown time zone and too many steps are errors in words."""
    for wrong in (
        {"period": {"from": "2026-02-01", "to": "2026-01-01"}},
        {"period": {**PERIOD, "timeZone": "Mars/Olympus"}},
        {"maxSteps": 50},
    ):
        answer = await flow(QUERY, input={"period": PERIOD, **wrong})
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
