"""Questions about one customer, with answers worked out by hand."""

from __future__ import annotations

import pytest

from graph.ask import ask
from graph.store.driver import Store
from tests.graph.questions.tiny import add_customer, event

pytestmark = pytest.mark.anyio


async def test_an_address_finds_its_customers_a_shared_inbox_several(store: Store) -> None:
    """customer_by_email gives one row for a personal address and two for an inbox that two people use."""
    await add_customer(store, "ada", sources=("crm", "helpdesk"))
    await add_customer(store, "bob", email="info@x.test")
    await add_customer(store, "eve", email="info@x.test")

    alone = (await ask(store, "customer_by_email", {"email": "ada@x.test"})).as_maps()
    shared = (await ask(store, "customer_by_email", {"email": "info@x.test"})).as_maps()

    assert [(row["id"], row["sources"], row["records"]) for row in alone] == [("ada", ["crm", "helpdesk"], 2)]
    assert [row["id"] for row in shared] == ["bob", "eve"]


async def test_the_records_of_a_customer_start_with_the_first_and_say_why_the_others_joined(store: Store) -> None:
    """customer_records gives the record without evidence first, then each with its weight and evidence."""
    await add_customer(store, "ada", sources=("marketing", "crm"))
    rows = (await ask(store, "customer_records", {"id": "ada"})).as_maps()

    assert [(row["record"], row["bits"]) for row in rows] == [("marketing/people/ada", None), ("crm/people/ada", 1.0)]
    assert rows[1]["evidence"] == '{"other_id": "marketing/people/ada"}'


async def test_a_journey_is_told_in_order_without_what_machines_did(store: Store) -> None:
    """customer_journey leaves out the machine's open unless it is asked for, and counts days from the step before."""
    await add_customer(
        store,
        "ada",
        event(3, "ticket.created", subject="Broken"),
        event(1, "email.opened", automated=True, function="marketing"),
        event(0, "form.submitted", channel="web", function="marketing"),
    )
    people = (await ask(store, "customer_journey", {"id": "ada"})).as_maps()
    everything = (await ask(store, "customer_journey", {"id": "ada", "automated": "true"})).as_maps()

    assert [(row["kind"], row["touchpoint"], row["days_after"]) for row in people] == [
        ("form.submitted", "form submitted by web", None),
        ("ticket.created", "ticket created by email", 2.0),
    ]
    assert [row["kind"] for row in everything] == ["form.submitted", "email.opened", "ticket.created"]


async def test_a_question_is_repeated_only_when_another_matter_asked_it_before(store: Store) -> None:
    """The ticket's second request inside the same ticket is no repetition; the ticket after the form is one."""
    await add_customer(
        store,
        "ada",
        event(0, "form.submitted", requested_fields=["phone", "company"], source="crm"),
        event(5, "ticket.created", requested_fields=["phone"], ticket="helpdesk/1"),
        event(6, "ticket.replied", requested_fields=["order_number"], ticket="helpdesk/1"),
        event(7, "ticket.replied", requested_fields=["order_number"], ticket="helpdesk/1"),
    )
    rows = (await ask(store, "customer_repeated_questions", {"id": "ada"})).as_maps()

    assert [(r["field"], r["first_source"], r["first_kind"], r["again_kind"]) for r in rows] == [
        ("phone", "crm", "form.submitted", "ticket.created")
    ]


async def test_a_score_stands_beside_its_words_and_what_it_is_about(store: Store) -> None:
    """customer_scores gives the comment and, for the transactional answer, the reply it is about."""
    await add_customer(
        store,
        "ada",
        event(0, "ticket.created", ticket="helpdesk/1"),
        event(1, "ticket.replied", ticket="helpdesk/1", direction="outbound", subject="Re: Broken"),
        event(2, "survey.answered", metric="csat", score=2.0, scale_min=1.0, scale_max=5.0, text="Too slow",
              ticket="helpdesk/1", program="transactional"),
        event(3, "survey.answered", metric="nps", score=9.0, scale_min=0.0, scale_max=10.0, program="relationship"),
    )  # fmt: skip
    rows = (await ask(store, "customer_scores", {"id": "ada"})).as_maps()

    assert [(r["metric"], r["score"], r["comment"], r["about"], r["about_subject"]) for r in rows] == [
        ("csat", 2.0, "Too slow", "ticket.replied", "Re: Broken"),
        ("nps", 9.0, None, None, None),
    ]
