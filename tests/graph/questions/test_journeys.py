"""Questions about everybody's journeys, with answers worked out by hand."""

from __future__ import annotations

from datetime import date

import pytest

from graph.answers.columns import ask_columns
from graph.ask import ask
from graph.figures.funnel import FunnelRules, FunnelStep, chains, funnel
from graph.figures.scope import Scope
from graph.journeys.period import Period
from graph.journeys.read import read_journeys
from graph.rules import Rules
from graph.store.driver import Store
from tests.graph.questions.tiny import add_customer, event
from tests.journeys import ms

pytestmark = pytest.mark.anyio


async def test_each_source_counts_its_own_and_together_they_are_fewer(store: Store) -> None:
    """Three people; the CRM knows two, marketing two, the helpdesk one: five records are three people."""
    await add_customer(store, "ada", sources=("crm", "marketing", "helpdesk"))
    await add_customer(store, "bob", sources=("crm",))
    await add_customer(store, "eve", sources=("marketing",))
    await store.write("MATCH (c:Customer {id: 'bob'}) CREATE (:SourceRecord {key: 'crm/people/bob2', source: 'crm', "
                      "kind: 'person'})-[:DESCRIBES]->(c)")  # fmt: skip
    await store.write("MATCH (c:Customer {id: 'eve'}) CREATE (:SourceRecord {key: 'helpdesk/mention/e', "
                      "source: 'helpdesk', kind: 'mention'})-[:DESCRIBES]->(c)")  # fmt: skip

    answer = await ask(store, "source_comparison")

    assert answer.columns == ("source", "records", "people", "only_here", "together")
    assert answer.rows == [["crm", 3, 2, 1, 3], ["marketing", 2, 2, 1, 3], ["helpdesk", 1, 1, 0, 3]]


async def test_kinds_are_counted_without_what_was_taken_back(store: Store) -> None:
    """Two replies and a form are there; of the two forms the helpdesk took one back."""
    await add_customer(store, "ada", event(0, "form.submitted", source="crm"), event(1, "form.submitted"))
    await add_customer(store, "bob", event(0, "ticket.replied"), event(1, "ticket.replied", source="crm"))
    await store.write("MATCH (i:Interaction {id: 'ada-2'}) SET i.deleted_at = i.at")

    rows = (await ask(store, "interaction_kinds")).as_maps()

    assert [(row["kind"], row["interactions"], sorted(row["sources"])) for row in rows] == [
        ("ticket.replied", 2, ["crm", "helpdesk"]),
        ("form.submitted", 1, ["crm"]),
    ]


async def test_a_flow_counts_traversals_and_the_customers_behind_them(store: Store) -> None:
    """Ada goes a → b twice, Bob once with a machine's step between: three traversals of two customers."""
    await add_customer(store, "ada", event(0, "a"), event(1, "b"), event(2, "a"), event(5, "b"))
    await add_customer(store, "bob", event(0, "a"), event(1, "email.opened", automated=True), event(2, "b"))

    rows = (await ask(store, "journey_flow")).rows

    assert rows == [["a", "b", 3, 2, 2.0], ["b", "a", 1, 1, 1.0]]


async def test_a_flow_of_a_period_has_only_its_steps(store: Store) -> None:
    """Steps before `since` or from `until` on are not there at all."""
    await add_customer(store, "ada", event(0, "a"), event(10, "b"), event(20, "c"), event(30, "d"))

    rows = (await ask(store, "journey_flow", {"since": "2026-01-05", "until": "2026-01-25"})).rows

    assert [row[:2] for row in rows] == [["b", "c"]]


async def test_paths_to_a_ticket_are_the_last_steps_before_each(store: Store) -> None:
    """Two customers come by the same two steps; a third opens a ticket out of nothing."""
    for name in ("ada", "bob"):
        await add_customer(
            store,
            name,
            event(0, "order.placed"),
            event(1, "email.sent", direction="outbound"),
            event(1, "email.opened", automated=True, sequence=1),
            event(2, "page.viewed"),
            event(3, "ticket.created"),
        )
    await add_customer(store, "eve", event(0, "ticket.created"))

    rows = (await ask(store, "paths_to_ticket", {"steps": "2"})).rows

    assert rows == [["email.sent > page.viewed > ticket.created", 2, 2], ["ticket.created", 1, 1]]


async def test_a_funnel_takes_the_longest_chain_from_any_start(store: Store) -> None:
    """Ada's first start leads nowhere in time, her second one does; Bob stops. Eve's window is still open, so that she
    is in no step, though she was quick; of Kim the older start counts, whose window is over. The API says the same.
    """
    steps = "form.submitted,deal.created,deal.won"
    await add_customer(
        store,
        "ada",
        event(0, "form.submitted"),
        event(100, "form.submitted"),
        event(110, "deal.created"),
        event(115, "deal.won"),
    )
    await add_customer(store, "bob", event(0, "form.submitted"), event(40, "deal.created"), event(95, "deal.won"))
    await add_customer(store, "eve", event(205, "form.submitted"), event(206, "deal.created"))
    await add_customer(
        store, "kim", event(0, "form.submitted"), event(205, "form.submitted"), event(206, "deal.created")
    )
    await add_customer(store, "sam", event(0, "form.submitted"), event(1, "deal.created", automated=True))
    await add_customer(store, "zoe", event(0, "deal.won"))

    rows = (await ask(store, "ordered_funnel", {"steps": steps, "window_days": "90", "now": "2026-08-01"})).rows

    assert rows == [
        [1, "form.submitted", 4, 1.0, 1],
        [2, "deal.created", 2, 0.5, None],
        [3, "deal.won", 1, 0.25, None],
    ]
    assert await _funnel_of_the_columns(store, steps.split(","), 90, "2026-08-01") == ([4, 2, 1], 1)


async def _funnel_of_the_columns(store: Store, kinds: list[str], days: int, now: str) -> tuple[list[int], int]:
    period = Period(date(2000, 1, 1), date(2100, 1, 1))
    rules = FunnelRules(tuple(FunnelStep(kind, (kind,)) for kind in kinds), days * 86_400_000)
    table = await read_journeys(store, Rules(), 0)
    found = funnel(chains(Scope(table.view(as_of=ms(now)), period, ms(now)), rules))
    return [level.entered for level in found.levels], found.immature


async def test_a_funnel_nobody_entered_has_zeros(store: Store) -> None:
    """Without any start each step stands there with zero customers and no share."""
    await add_customer(store, "ada", event(0, "deal.won"))

    rows = (await ask(store, "ordered_funnel", {"steps": "form.submitted,deal.won", "now": "2026-05-01"})).rows

    assert rows == [[1, "form.submitted", 0, None, 0], [2, "deal.won", 0, None, None]]


async def test_who_waits_between_two_stages_counts_in_the_median(store: Store) -> None:
    """Two of four leads became customers after 10 and 20 days; two wait: the curve reaches one half at day 20.

    A median of finishers alone would say 15.
    """
    for name, days in (("ada", 10), ("bob", 20)):
        await add_customer(store, name, event(0, "form.submitted"), event(days, "order.placed"))
    for name in ("eve", "zoe"):
        await add_customer(store, name, event(0, "form.submitted"))

    rows = (await ask(store, "time_between_stages", {"from": "lead", "to": "customer", "now": "2026-03-01"})).rows

    assert rows == [[4, 2, 2, 20.0, None]]


async def test_a_median_that_the_curve_does_not_reach_is_not_given(store: Store) -> None:
    """One of three arrived: less than half, so there is no median; and nobody at all gives no figure either."""
    await add_customer(store, "ada", event(0, "form.submitted"), event(10, "order.placed"))
    for name in ("eve", "zoe"):
        await add_customer(store, name, event(0, "form.submitted"))

    given = {"from": "lead", "to": "customer", "now": "2026-03-01"}
    assert (await ask(store, "time_between_stages", given)).rows == [[3, 1, 2, None, None]]
    assert (await ask(store, "time_between_stages", {**given, "from": "advocate"})).rows == [[0, 0, 0, None, None]]


async def test_a_share_of_the_curve_that_is_reached_exactly_is_reached(store: Store) -> None:
    """Nine of ten arrived after 1 to 9 days: the curve stands at a tenth, however its steps are rounded."""
    for day in range(1, 10):
        await add_customer(store, f"c{day}", event(0, "form.submitted"), event(day, "order.placed"))
    await add_customer(store, "zoe", event(0, "form.submitted"))
    given = {"from": "lead", "to": "customer", "now": "2026-03-01"}

    by_cypher = (await ask(store, "time_between_stages", given)).rows
    by_columns = await ask_columns(store, await read_journeys(store, Rules(), 0), "time_between_stages", given)

    assert by_cypher == by_columns.rows == [[10, 9, 1, 5.0, 9.0]]


async def test_a_customer_is_silent_in_their_own_measure(store: Store) -> None:
    """Quiet for 20 days is silence for who came every two days, none for every ten; five active days tell nothing."""
    await add_customer(store, "ada", *(event(day, "page.viewed") for day in (0, 0.5, 2, 4, 6, 8, 10)))
    await add_customer(store, "bob", *(event(day - 40, "page.viewed") for day in (0, 10, 20, 30, 40, 50)))
    await add_customer(store, "eve", *(event(day, "page.viewed") for day in (2, 4, 6, 8, 10)))
    await store.write("MATCH (c:Customer {id: 'ada'}) CREATE (c)-[:EXPERIENCED]->(:Interaction {id: 'mail', kind: "
                      "'email.sent', direction: 'outbound', at: datetime({epochMillis: 1769000000000})})")  # fmt: skip

    rows = (await ask(store, "silent_customers", {"now": "2026-01-31"})).as_maps()

    assert [(row["id"], row["quiet_days"], row["usual_days"], row["gaps"]) for row in rows] == [("ada", 20, 2.0, 5)]


async def test_a_return_after_a_long_silence_is_a_reactivation(store: Store) -> None:
    """Ada comes back by chat after 100 days and orders; a campaign in between is nothing she did."""
    await add_customer(
        store,
        "ada",
        event(0, "order.placed"),
        event(50, "email.sent", direction="outbound"),
        event(100, "conversation.message", channel="chat"),
        event(110, "order.placed", channel="web"),
    )
    await add_customer(store, "bob", event(0, "order.placed"), event(80, "page.viewed"))

    assert (await ask(store, "reactivations")).rows == [["conversation.message", "chat", 1, 1, 100.0, 1]]
