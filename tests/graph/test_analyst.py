"""`from c360 import connect`: the graph without async, for notebooks."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from c360 import connect
from graph.analyst import Graph
from graph.ask import QuestionError
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.errors import StoreError
from graph.store.settings import StoreSettings
from graph.sync.sync import sync
from tests.graph.questions.tiny import add_customer, event
from tests.sources import event as event_of
from tests.sources import fixed_source, person

pytestmark = pytest.mark.anyio


def _connected(settings: StoreSettings, *, columns: bool = True) -> Graph:
    return connect(settings.uri, user=settings.user, password=settings.password.get_secret_value(), columns=columns)


async def test_a_question_is_answered_where_a_loop_runs_already(store: Store, store_settings: StoreSettings) -> None:
    """As in Jupyter: called from within a running loop, the answer is a table with the columns' types."""
    await add_customer(store, "ada", event(0, "form.submitted"), event(2, "order.placed"))

    with _connected(store_settings) as graph:
        flow = graph.ask("journey_flow", top=10, since=datetime(2025, 1, 1, tzinfo=UTC))
        journey = graph.ask("customer_journey", {"id": "ada"})
        stages = graph.ask("time_between_stages", from_="lead", to="customer", now="2026-02-01")

    assert flow.to_pylist() == [
        {"from": "form.submitted", "to": "order.placed", "traversals": 1, "customers": 1, "median_days": 2.0}
    ]
    assert journey["at"].to_pylist() == [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)]
    assert stages["median_days"].to_pylist() == [2.0]


async def test_kept_columns_answer_as_the_graph_does(store: Store, store_settings: StoreSettings) -> None:
    """Where they are kept an answer says so and when they changed last; a change is in it; its rows are the graph's."""
    ada = person("crm/people/1", "Ada Byron", email="ada@x.example")
    steps = [event_of(f"crm/events/{day}", kind, datetime(2026, 3, day, tzinfo=UTC), "crm/people/1")
             for day, kind in ((1, "form.submitted"), (3, "deal.created"), (7, "deal.won"))]  # fmt: skip
    await sync([fixed_source("crm", ada, *steps[:2])], store, Rules())
    with _connected(store_settings) as graph, _connected(store_settings, columns=False) as without:
        before = graph.ask("flow")
        await JourneyKeeper(store, Rules()).current()
        kept, of_one = graph.ask("flow"), graph.ask("interaction_kinds")
        await sync([fixed_source("crm", ada, *steps)], store, Rules())
        after, of_the_graph = graph.ask("flow"), without.ask("flow")

    assert before.to_pylist() == kept.to_pylist() != []
    assert after.to_pylist() == of_the_graph.to_pylist()
    assert len(after) == len(kept) + 1
    assert [table.schema.metadata for table in (before, of_one, of_the_graph)] == [None, None, None]
    assert kept.schema.metadata[b"c360.from"] == after.schema.metadata[b"c360.from"] == b"columns"
    assert kept.schema.metadata[b"c360.changed_at"] < after.schema.metadata[b"c360.changed_at"]
    assert kept.schema.equals(before.schema)


async def test_questions_are_told_with_what_they_need(embedded_store: Store, embedded_settings: StoreSettings) -> None:
    """A table of questions, and the text of each to paste."""
    with _connected(embedded_settings) as graph:
        told = {row["question"]: row for row in graph.questions().to_pylist()}
        text = graph.cypher("customer_journey")

    assert (told["customer_journey"]["needs"], told["customer_journey"]["takes"]) == (["id"], ["automated"])
    assert (told["customer_journey"]["chart"], told["journey_flow"]["chart"]) == (False, True)
    assert ":param id =>" in text


async def test_what_cannot_be_asked_is_refused(embedded_store: Store, embedded_settings: StoreSettings) -> None:
    """An unknown question, an unknown parameter, a closed graph: each in a sentence; closing twice does no harm."""
    graph = _connected(embedded_settings)
    with pytest.raises(QuestionError, match="Did you mean 'handoffs'"):
        graph.ask("handofs")
    with pytest.raises(QuestionError, match=r"no parameter 'tops'\. Did you mean 'top'"):
        graph.ask("journey_flow", tops=1)
    graph.close()
    graph.close()

    with pytest.raises(StoreError, match=r"This graph is closed. Open it again: connect\('embedded:"):
        graph.ask("journey_flow")


def test_an_address_that_is_none_is_refused() -> None:
    """The sentence says what an address looks like."""
    with pytest.raises(StoreError, match="embedded:PATH"):
        connect("http://graph.example")


def test_a_script_that_forgets_to_close_ends_by_itself(embedded_settings: StoreSettings) -> None:
    """Its last line is printed and its exit code is 0."""
    code = "from c360 import connect\ngraph = connect()\nprint(graph.ask('journey_flow').num_rows)"
    ran = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "C360_STORE": embedded_settings.uri},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "0\n", "")
