"""Questions about pain points and scores, with answers worked out by hand."""

from __future__ import annotations

import pytest

from graph.ask import ask
from graph.store.driver import Store
from tests.graph.questions.tiny import add_customer, event

pytestmark = pytest.mark.anyio


def _score(day: float, metric: str, score: float, **more: object) -> dict[str, object]:
    low, high = {"nps": (0.0, 10.0), "csat": (1.0, 5.0), "ces": (1.0, 7.0)}[metric]
    return event(day, "survey.answered", metric=metric, score=score, scale_min=low, scale_max=high, **more)


async def test_repeated_questions_are_counted_by_field_and_by_both_sources(store: Store) -> None:
    """The form asked for the phone; Ada's two tickets and Bob's one ask again: three times, two customers."""
    form = event(0, "form.submitted", requested_fields=["phone", "company"], source="crm")
    await add_customer(
        store,
        "ada",
        form,
        event(10, "ticket.created", requested_fields=["phone"], ticket="helpdesk/1"),
        event(12, "ticket.created", requested_fields=["phone"], ticket="helpdesk/2"),
    )
    await add_customer(store, "bob", form, event(20, "ticket.created", requested_fields=["phone"], ticket="helpdesk/3"))
    await add_customer(store, "eve", form)

    rows = (await ask(store, "repeated_questions")).rows
    later = (await ask(store, "repeated_questions", {"since": "2026-01-15"})).rows

    assert rows == [["phone", "crm", "helpdesk", 3, 2, 12.0]]
    assert later == [["phone", "crm", "helpdesk", 1, 1, 20.0]]


def _thrown_about(ticket: str) -> list[dict[str, object]]:
    """Support replies, hands to billing, which answers after three days and hands back; support is silent since."""
    return [
        event(0, "ticket.created", ticket=ticket, team="Support"),
        event(0.5, "ticket.replied", ticket=ticket, team="Support", direction="outbound"),
        event(1, "ticket.reassigned", ticket=ticket, team="Billing", direction="internal"),
        event(4, "ticket.replied", ticket=ticket, team="Billing", direction="outbound"),
        event(5, "ticket.reassigned", ticket=ticket, team="Support", direction="internal"),
    ]


async def test_a_handoff_counts_its_wait_until_the_new_team_answers(store: Store) -> None:
    """Billing took 72 hours; the way back to support is still waiting."""
    await add_customer(store, "ada", *_thrown_about("helpdesk/1"))

    rows = (await ask(store, "handoffs")).as_maps()

    told = ("from_team", "to_team", "handoffs", "customers", "median_hours", "waiting")
    assert [tuple(row[name] for name in told) for row in rows] == [
        ("Billing", "Support", 1, 1, None, 1),
        ("Support", "Billing", 1, 1, 72.0, 0),
    ]


async def test_ping_pong_is_there_and_straight_back(store: Store) -> None:
    """Support → Billing → Support bounces once in each of two tickets; Support → Billing → Legal does not."""
    await add_customer(store, "ada", *_thrown_about("helpdesk/1"))
    await add_customer(store, "bob", *_thrown_about("helpdesk/2"))
    onwards = [*_thrown_about("helpdesk/3")[:4], event(5, "ticket.reassigned", ticket="helpdesk/3", team="Legal")]
    await add_customer(store, "eve", *onwards)

    assert (await ask(store, "ping_pong")).rows == [["Support", "Billing", 2, 2, 2]]


async def test_a_detractor_is_answered_by_a_person_in_time_or_not_at_all(store: Store) -> None:
    """A campaign and a robot are no answer, a call after a day is, one after four days is too late."""
    await add_customer(store, "ada", _score(0, "nps", 3, text="Never again"))
    await add_customer(store, "bob", _score(0, "nps", 5), event(1, "call.made", direction="outbound"))
    await add_customer(store, "eve", _score(0, "nps", 6), event(4, "call.made", direction="outbound"))
    await add_customer(
        store,
        "zoe",
        _score(0, "nps", 2),
        event(0.5, "email.sent", direction="outbound", campaign="m/1"),
        event(1, "email.sent", direction="outbound", automated=True),
    )
    await add_customer(store, "kim", _score(0, "nps", 9))
    await add_customer(store, "tom", _score(19.5, "nps", 1))

    rows = (await ask(store, "unanswered_detractors", {"now": "2026-01-21"})).as_maps()

    assert [(row["id"], row["comment"], row["answered_after_hours"]) for row in rows] == [
        ("zoe", None, None),
        ("ada", "Never again", None),
        ("eve", None, 96.0),
    ]


async def test_first_contact_resolution_leaves_out_what_is_too_young_to_tell(store: Store) -> None:
    """Of five login tickets one was repeated, one reopened, one handed over, two solved at once, of which one went to
    another agent of the same team; a sixth is young."""
    await add_customer(store, "ada", event(0, "ticket.created", topic="login", ticket="h/1"),
                       event(60, "ticket.created", topic="login", ticket="h/2"))  # fmt: skip
    await add_customer(store, "bob", event(0, "ticket.created", topic="login", ticket="h/3"),
                       event(3, "ticket.reopened", ticket="h/3"))  # fmt: skip
    for name, team in (("eve", "Billing"), ("kim", "Support")):
        of = {"ticket": f"h/{name}", "agent": "Tom"}
        opened = event(0, "ticket.created", topic="login", team="Support", **of)
        await add_customer(store, name, opened, event(3, "ticket.reassigned", direction="internal", team=team, **of))
    await add_customer(store, "zoe", event(0, "ticket.created", topic="login", ticket="h/5"),
                       event(3, "ticket.created", topic="login", ticket="h/6"))  # fmt: skip

    rows = (await ask(store, "repeat_contact", {"now": "2026-01-09"})).rows
    topics = (await ask(store, "repeat_contact", {"now": "2026-01-20"})).as_maps()

    assert rows == [["login", 5, 1, 1, 1, 2, 0.4, 0.118, 0.769]]
    assert (topics[0]["tickets"], topics[0]["at_once"]) == (6, 3)


async def test_a_touchpoint_has_its_score_with_an_interval_and_scales_are_not_pooled(store: Store) -> None:
    """Five answers about ticket replies: three good of five is 60 % (Wilson 23.1–88.2); the binary one stays out."""
    for name, score in zip("abcde", (5, 4, 4, 3, 1), strict=True):
        await add_customer(
            store,
            name,
            event(0, "ticket.replied", direction="outbound", ticket=f"h/{name}"),
            _score(1, "csat", score, ticket=f"h/{name}", program="transactional"),
        )
    await add_customer(
        store,
        "f",
        event(0, "ticket.replied", direction="outbound", ticket="h/f"),
        {**_score(1, "csat", 1, ticket="h/f", program="transactional"), "scale_min": 0.0, "scale_max": 1.0},
    )

    rows = (await ask(store, "moments_of_truth")).as_maps()
    all_rows = (await ask(store, "moments_of_truth", {"least": "1"})).as_maps()

    assert [(r["touchpoint"], r["n"], r["value"], r["low"], r["high"]) for r in rows] == [
        ("ticket replied by email", 5, 60.0, 23.1, 88.2)
    ]
    assert [(r["n"], r["low_end"]) for r in all_rows] == [(5, 1.0), (1, 0.0)]


async def test_a_touchpoint_s_nps_has_the_adjusted_wald_interval_and_no_relationship_answers(store: Store) -> None:
    """Promoters 2, detractors 1 of 4: NPS 25, interval −44.2 to 72.7; a relationship answer is not counted."""
    for name, score in zip("abcd", (10, 9, 8, 2), strict=True):
        await add_customer(
            store, name, event(0, "call.made", channel="phone"), _score(1, "nps", score, program="transactional")
        )
    await add_customer(store, "e", event(0, "call.made", channel="phone"), _score(1, "nps", 0, program="relationship"))

    rows = (await ask(store, "moments_of_truth", {"metric": "nps", "least": "1"})).as_maps()

    assert [(r["touchpoint"], r["n"], r["value"], r["low"], r["high"]) for r in rows] == [
        ("call made by phone", 4, 25.0, -44.2, 72.7)
    ]
