"""Questions about ways through a journey: before churn, what followed, stays, loops, conversions, curves."""

from __future__ import annotations

import pytest

from graph.ask import ask
from graph.store.driver import Store
from tests.graph.questions.tiny import add_customer, event

pytestmark = pytest.mark.anyio


async def test_paths_before_churn_are_held_against_all_paths(store: Store) -> None:
    """a > b comes up three times and is followed by churn twice; of all six runs two are: a lift of two.

    Ada: a b CANCEL a b, Bob: a (machine) b CANCEL: ab, bC, Ca, ab and ab, bC; 2 of 3 is 0.667, Wilson 0.208 to 0.939.
    """
    cancel = "subscription.cancelled"
    await add_customer(store, "ada", *(event(day, kind) for day, kind in enumerate(("a", "b", cancel, "a", "b"))))
    await add_customer(
        store, "bob", event(0, "a"), event(1, "email.opened", automated=True), event(2, "b"), event(3, cancel)
    )

    rows = (await ask(store, "paths_before_churn", {"steps": 2, "least": 2})).rows
    none = (await ask(store, "paths_before_churn", {"steps": 2, "least": 2, "churn": "payment.failed"})).as_maps()

    assert rows == [["a > b", 3, 2, 2, 0.667, 0.208, 0.939, 2.0], ["b > " + cancel, 2, 2, 0, 0.0, 0.0, 0.658, 0.0]]
    assert [(row["churned"], row["lift"]) for row in none] == [(0, None), (0, None)]


async def test_what_followed_the_same_two_steps_is_ranked_by_what_is_sure(store: Store) -> None:
    """After form > reply four got a call, of whom three ordered within 30 days; two got mail, of whom one ordered late.

    3 of 4: Wilson 0.301 to 0.954; 0 of 2: 0 to 0.658. Zoe's call is too young, Tom's next step was the order itself.
    """
    begun = (event(0, "form.submitted"), event(1, "email.opened", automated=True), event(2, "ticket.replied"))
    await add_customer(store, "me", *begun)
    for name in ("ada", "bob", "eve"):
        await add_customer(store, name, *begun, event(3, "call.made", channel="phone"), event(20, "order.placed"))
    await add_customer(store, "kim", *begun, event(3, "call.made", channel="phone"))
    await add_customer(store, "lea", *begun, event(3, "email.sent", direction="outbound"), event(34, "order.placed"))
    await add_customer(store, "max", *begun, event(3, "email.sent", direction="outbound"))
    await add_customer(store, "zoe", *begun, event(80, "call.made", channel="phone"), event(81, "order.placed"))
    await add_customer(store, "tom", *begun, event(3, "order.placed"))

    rows = (await ask(store, "what_followed", {"id": "me", "least": 2, "now": "2026-04-01"})).rows

    assert rows == [
        ["call.made", "phone", "inbound", 4, 4, 3, 0.75, 0.301, 0.954],
        ["email.sent", "email", "outbound", 2, 2, 0, 0.0, 0.0, 0.658],
    ]


async def test_a_stay_lasts_until_the_next_function(store: Store) -> None:
    """Ada: marketing for 4 days (two steps), sales for 6, now service; Bob: marketing for 2 days, now sales."""
    await add_customer(
        store, "ada",
        event(0, "form.submitted", function="marketing"), event(1, "email.clicked", function="marketing"),
        event(2, "email.opened", function="service", automated=True),
        event(4, "deal.created", function="sales"), event(10, "ticket.created", function="service"),
    )  # fmt: skip
    await add_customer(
        store, "bob", event(0, "form.submitted", function="marketing"), event(2, "deal.created", function="sales")
    )

    rows = (await ask(store, "dwell")).rows

    assert rows == [
        ["marketing", "sales", 2, 2, 1.5, 3.0, 3.8],
        ["sales", "service", 1, 1, 1.0, 6.0, 6.0],
        ["sales", None, 1, 1, 1.0, None, None],
        ["service", None, 1, 1, 1.0, None, None],
    ]


async def test_a_loop_is_a_way_back_and_not_a_repetition(store: Store) -> None:
    """Ada: a b b a c a: a > b > a in three days and a > c > a in two; the two b in a row are none, nor is Bob's a a."""
    await add_customer(
        store, "ada",
        event(0, "a"), event(1, "b"), event(2, "b"), event(3, "a"), event(4, "c"), event(5, "a"),
    )  # fmt: skip
    await add_customer(store, "bob", event(0, "a"), event(1, "a"), event(2, "d"))
    await add_customer(store, "eve", event(0, "a"), event(1, "b"), event(2, "x", automated=True), event(6, "a"))

    rows = (await ask(store, "loops")).rows
    short = (await ask(store, "loops", {"until": "2026-01-05"})).rows

    assert rows == [["a > b > a", 2, 2, 4.5], ["a > c > a", 1, 1, 2.0]]
    assert short == [["a > b > a", 1, 1, 3.0]]


async def test_conversion_sequences_have_converters_and_the_others(store: Store) -> None:
    """Ada and Bob convert by web, phone for 30 and 20 EUR; Eve by the same in SEK; Kim did not; Max's touch is old."""
    for name, amount, currency in (("ada", 30.0, "EUR"), ("bob", 20.0, "EUR"), ("eve", 7.0, "SEK")):
        await add_customer(
            store, name,
            event(-200, "page.viewed", channel="ad"),
            event(0, "page.viewed", channel="web"),
            event(1, "email.opened", automated=True),
            event(2, "call.made", channel="phone"),
            event(3, "order.placed", channel="shop", amount=amount, currency=currency),
            event(4, "ticket.created", channel="chat"),
        )  # fmt: skip
    await add_customer(store, "kim", event(0, "page.viewed", channel="web"))
    await add_customer(store, "max", event(-200, "page.viewed", channel="web"))
    await add_customer(store, "tom", event(1, "order.placed"))

    rows = (await ask(store, "conversion_sequences", {"now": "2026-02-01"})).rows

    assert rows == [
        [["web", "phone"], 2, 0, 50.0, "EUR"],
        [[], 1, 0, None, None],
        [["web", "phone"], 1, 0, 7.0, "SEK"],
        [["web"], 0, 1, None, None],
    ]


async def test_the_curve_of_a_stage_counts_those_who_wait_as_long_as_they_were_seen(store: Store) -> None:
    """Five leads: customers after 2 and 10 days, seen for 5, 20 and 30 days without. 1/5; then 1 − 4/5 × 2/3.

    Greenwood, log-log: at day 2 S = 0.8, σ² = 1/(5·4): 0.8^e^(∓1.96·0.2236/0.2231) → 0.031 to 0.796;
    at day 10 S = 0.5333, σ² = 1/20 + 1/(3·2): 0.137 to 0.932.
    """
    for name, begun, arrived in (("ada", 0, 2), ("bob", 0, 10), ("eve", 25, None), ("kim", 10, None), ("max", 0, None)):
        events = [event(begun, "form.submitted")] + ([] if arrived is None else [event(arrived, "order.placed")])
        await add_customer(store, name, *events)

    rows = (await ask(store, "stage_curve", {"from": "lead", "to": "customer", "now": "2026-01-31"})).rows
    nobody = (await ask(store, "stage_curve", {"from": "advocate", "to": "customer", "now": "2026-01-31"})).rows

    assert rows == [[2, 5, 1, 0.2, 0.031, 0.796], [10, 3, 1, 0.467, 0.137, 0.932]]
    assert nobody == []
