"""Each kind of pain point by hand: what counts as one, and what does not."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from graph.figures.pain.asking import abandoned_forms, repeated_requests
from graph.figures.pain.attention import campaigns_during_complaints, silences, two_owners
from graph.figures.pain.leads import recycled_leads, slow_lead_responses
from graph.figures.pain.occurrences import Find
from graph.figures.pain.service import hurting_handoffs, ping_pong, repeat_contacts
from graph.figures.scope import Scope
from graph.journeys.journeys import Journeys
from graph.journeys.period import Period
from graph.journeys.view import Unit
from tests.journeys import Told, answer, event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def scope(table: Journeys, as_of: str = "2026-07-01", unit: Unit = Unit.CUSTOMER) -> Scope:
    return Scope(table.view(unit, ms(as_of)), MARCH, ms(as_of))


def who(find: Find, table: Journeys, **more: Any) -> list[tuple[str, str | None]]:
    """The customers that it happened to, each with the way it took."""
    found = find(scope(table, **more))
    ids = table.customer_ids(found.unit)
    return sorted(((id, found.way.at(row)) for row, id in enumerate(ids)), key=lambda pair: (pair[0], pair[1] or ""))


def asks(who: str, at: str, *fields: str, **more: Any) -> Told:
    return event(who, at, "ticket.created", requested_fields=list(fields), source="helpdesk", **more)


def test_what_a_record_or_another_matter_held_before_is_a_repeated_request() -> None:
    """By a record of the same or of another system, or an earlier form; not by what came later or the ticket itself."""
    table = journeys(
        asks("same", "2026-03-05", "phone", ticket="t/1"),
        asks("other", "2026-03-05", "phone", ticket="t/2"),
        asks("later", "2026-03-05", "phone", ticket="t/3"),
        asks("within", "2026-03-05T12:30", "phone", ticket="t/4"),
        event("form", "2026-01-05", "form.submitted", requested_fields=["company"], source="crm"),
        asks("form", "2026-03-05", "company", "phone", ticket="t/5"),
        asks("ticket", "2026-03-05", "product", ticket="t/6"),
        event("ticket", "2026-03-06", "ticket.replied", requested_fields=["product"], ticket="t/6"),
        event("order", "2026-03-01", "order.placed", order="shop/1", source="shop"),
        asks("order", "2026-03-05", "order_number", ticket="t/7"),
        asks("before", "2026-02-05", "phone", ticket="t/8"),
        records=[
            {"who": "same", "source": "helpdesk", "created_at": "2026-01-01", "held": ["email", "phone"]},
            {"who": "other", "source": "crm", "created_at": "2026-01-01", "held": ["phone"]},
            {"who": "later", "source": "crm", "created_at": "2026-03-20", "held": ["phone"]},
            {"who": "within", "source": "crm", "created_at": "2026-03-05T12:00", "held": ["phone"]},
            {"who": "before", "source": "crm", "created_at": "2026-01-01", "held": ["phone"]},
        ],
    )

    assert who(repeated_requests, table) == [
        ("form", "company, held by another system"),
        ("order", "order_number, held by another system"),
        ("other", "phone, held by another system"),
        ("same", "phone, held by the same"),
    ]


def test_a_third_matter_that_held_it_counts_although_the_own_one_held_it_first() -> None:
    """The first to hold it is the ticket that asks again; the form in between is another matter."""
    table = journeys(
        asks("ada", "2026-02-01", "phone", ticket="t/1"),
        event("ada", "2026-02-10", "form.submitted", requested_fields=["phone"], source="helpdesk"),
        event("ada", "2026-03-02", "ticket.replied", requested_fields=["phone"], ticket="t/1", source="helpdesk"),
    )

    assert who(repeated_requests, table) == [("ada", "phone, held by the same")]


def moves(who: str, *teams: str, day: int = 2) -> list[Told]:
    """A ticket that goes from team to team, a day each."""
    begun = event(who, f"2026-03-{day:02d}", "ticket.created", ticket=f"t/{who}", team=teams[0])
    later = [
        event(who, f"2026-03-{day + n:02d}", "ticket.reassigned", ticket=f"t/{who}", team=team, direction="internal")
        for n, team in enumerate(teams[1:], start=1)
    ]
    return [begun, *later]


def test_ping_pong_comes_straight_back() -> None:
    """There and back is one; a way over three teams is none."""
    table = journeys(*moves("there", "Support", "Billing", "Support"), *moves("on", "Support", "Billing", "Logistics"))

    assert who(ping_pong, table) == [("there", "Billing → Support")]


def test_a_handoff_hurts_where_scores_after_it_are_worse() -> None:
    """After Support → Billing eight of eight are discontented, after Support → Logistics and without handoff nobody."""
    told: list[Told] = []
    for number in range(8):
        told += moves(f"bad{number}", "Support", "Billing")
        told.append(answer(f"bad{number}", "2026-03-10", "csat", 1))
        told += moves(f"fine{number}", "Support", "Logistics")
        told.append(answer(f"fine{number}", "2026-03-10", "csat", 5))
        told.append(answer(f"none{number}", "2026-03-10", "csat", 5))
    found = who(hurting_handoffs, journeys(*told))

    assert found == [(f"bad{number}", "Support → Billing") for number in range(8)]


def test_a_repeat_contact_is_about_the_same_topic_within_a_week() -> None:
    """Not about another topic, none at all, or after more than a week."""
    days = {"again": ("login", "login", 6), "other": ("login", "invoice", 6), "late": ("login", "login", 8)}
    told = [
        each
        for name, (first, second, after) in days.items()
        for each in (
            event(name, "2026-03-02", "ticket.created", topic=first),
            event(name, f"2026-03-{2 + after:02d}", "ticket.created", topic=second),
        )
    ]
    silent = [event("none", f"2026-03-0{day}", "ticket.created") for day in (2, 3)]

    assert who(repeat_contacts, journeys(*told, *silent)) == [("again", "login")]


def test_a_lead_that_nobody_takes_up_in_a_day_waits_too_long() -> None:
    """A call, an own e-mail or acceptance takes it up; what a campaign or a machine sends does not."""
    lead = {"channel": "web", "direction": "inbound"}
    told = [event(name, "2026-03-02", "form.submitted", **lead) for name in ("call", "mail", "campaign", "bot", "late")]
    told += [
        event("call", "2026-03-02T10:00", "call.made", direction="outbound"),
        event("mail", "2026-03-02T10:00", "email.sent"),
        event("campaign", "2026-03-02T10:00", "email.sent", campaign="c/1"),
        event("bot", "2026-03-02T10:00", "email.sent", automated=True),
        event("late", "2026-03-03T00:00:01", "lead.accepted", direction="internal"),
        event("twice", "2026-03-02", "form.submitted", **lead),
        event("twice", "2026-03-02T00:01", "lead.created", direction="internal"),
        event("bought", "2026-03-01", "order.placed"),
        event("bought", "2026-03-02", "form.submitted", **lead),
    ]
    slow = [("bot", "web"), ("campaign", "web"), ("late", "web"), ("twice", "web")]

    assert who(slow_lead_responses, journeys(*told)) == slow
    assert who(slow_lead_responses, journeys(*told), as_of="2026-03-02T20:00") == []


def test_a_lead_is_recycled_when_it_comes_back_after_a_rejection() -> None:
    """Rejected and created anew; a rejection alone and two creations are none."""
    table = journeys(
        event("again", "2026-01-02", "lead.created"),
        event("again", "2026-01-05", "lead.rejected", reason="No budget"),
        event("again", "2026-03-05", "lead.created"),
        event("away", "2026-03-05", "lead.rejected", reason="No budget"),
        event("twice", "2026-03-02", "lead.created"),
        event("twice", "2026-03-05", "lead.created"),
    )

    assert who(recycled_leads, table) == [("again", "No budget")]


def test_a_form_is_abandoned_unless_it_is_sent_within_the_day() -> None:
    """Whoever sent it later that day has not given up."""
    table = journeys(
        event("gone", "2026-03-02", "form.abandoned", topic="trial"),
        event("sent", "2026-03-02", "form.abandoned", topic="trial"),
        event("sent", "2026-03-02T09:00", "form.submitted"),
    )

    assert who(abandoned_forms, table) == [("gone", "trial")]


def test_a_campaign_during_an_open_complaint() -> None:
    """Not before it, after it is solved, about a question, or to somebody else; again once it is reopened."""

    def complains(name: str, topic: str = "Problem") -> list[Told]:
        return [
            event(name, "2026-03-02", "ticket.created", ticket=f"t/{name}", topic=topic),
            event(name, "2026-03-06", "ticket.solved", ticket=f"t/{name}"),
        ]

    def sent(name: str, day: int) -> Told:
        return event(name, f"2026-03-{day:02d}", "email.sent", campaign="c/spring")

    table = journeys(
        *complains("open"),
        sent("open", 4),
        *complains("solved"),
        sent("solved", 1),
        sent("solved", 7),
        *complains("asks", topic="question"),
        sent("asks", 4),
        *complains("again"),
        event("again", "2026-03-10", "ticket.reopened", ticket="t/again"),
        sent("again", 12),
        sent("else", 4),
        *complains("own"),
        event("own", "2026-03-04", "email.sent"),
    )

    assert who(campaigns_during_complaints, table) == [("again", "c/spring"), ("open", "c/spring")]


def test_silence_is_measured_by_the_customers_own_rhythm() -> None:
    """Gaps of 5 days: silent after more than 15. The slow are not yet; four gaps tell nothing."""
    table = journeys(
        *(event("quick", f"2026-02-{day:02d}", "page.viewed") for day in (1, 6, 11, 16, 21, 26)),
        event("quick", "2026-03-20", "email.sent"),
        *(event("slow", f"2026-0{month}-01", "page.viewed") for month in (1, 2, 3)),
        *(event("slow", f"2026-0{month}-16", "page.viewed") for month in (1, 2, 3)),
        *(event("few", f"2026-02-{day:02d}", "page.viewed") for day in (1, 6, 11, 16, 21)),
        *(event("often", f"2026-03-{day:02d}", "page.viewed") for day in (10, 12, 14, 16, 18, 20)),
    )

    assert who(silences, table) == [("quick", None)]
    assert who(silences, table, as_of="2026-03-12") == []
    assert who(silences, table, as_of="2026-03-14") == [("quick", None)]
    assert who(silences, table, as_of="2026-02-28T12:00") == []  # as of then the period is still to come


def test_two_owners_are_named_by_two_records() -> None:
    """The same name in other letters is one owner; a record of later does not count yet."""
    owned = [
        ("two", "crm", "2026-01-01", "Ada Byron"),
        ("two", "shop", "2026-02-01", "Bob Moss"),
        ("one", "crm", "2026-01-01", "Ada Byron"),
        ("one", "shop", "2026-02-01", "ada  byron"),
        ("later", "crm", "2026-01-01", "Ada Byron"),
        ("later", "shop", "2026-05-01", "Bob Moss"),
    ]
    people: dict[str, dict[str, Any]] = {name: {"account": "acme"} for name in ("two", "one", "later")}
    table = journeys(
        customers=people,
        accounts={"acme": {}},
        records=[{"who": w, "source": s, "created_at": at, "owner": owner} for w, s, at, owner in owned],
    )

    assert who(two_owners, table) == [("two", "crm and shop")]
    assert len(two_owners(scope(table, unit=Unit.ACCOUNT))) == 1


FINDS: list[Find] = [
    repeated_requests, abandoned_forms, campaigns_during_complaints, silences, two_owners, recycled_leads,
    slow_lead_responses, hurting_handoffs, ping_pong, repeat_contacts,
]  # fmt: skip


@pytest.mark.parametrize("find", FINDS)
@pytest.mark.parametrize("unit", list(Unit))
def test_nothing_happened_to_nobody(find: Find, unit: Unit) -> None:
    """No customers, and customers without interactions, have no pain points."""
    empty = journeys(customers={"ada": {"account": "acme"}}, accounts={"acme": {}})

    assert len(find(scope(journeys(), unit=unit))) == 0
    assert len(find(scope(empty, unit=unit))) == 0
