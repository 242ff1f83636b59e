"""What a journey says about a customer's events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from graph.customer.events import Event
from graph.customer.journey import JourneyMaker
from graph.rules import Calendar, Rules, TouchpointRule

DAY = 86_400_000
START = int(datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp() * 1000)  # a Monday
MAKER = JourneyMaker(Rules())


def event(id: str, kind: str, day: float, **more: Any) -> Event:
    """An event so many days after a Monday at nine."""
    values: dict[str, Any] = {
        "record": "crm/contacts/1",
        "id": id,
        "at": START + int(day * DAY),
        "sequence": 0,
        "kind": kind,
        "function": "service" if kind.startswith("ticket") else "marketing",
        "channel": "email",
        "direction": "outbound",
        "automated": False,
    }
    empty = dict.fromkeys("team agent ticket deal order subscription metric score program survey_token".split())
    return Event(**(values | empty | more))


def test_order_is_by_moment_then_sequence_then_id() -> None:
    """Two events of one moment stand by their sequence, and by id where that is the same, too."""
    events = [event("c", "x", 1), event("b", "x", 0, sequence=1), event("a", "x", 0, sequence=2), event("z", "x", 0)]

    journey = MAKER.journey(events)

    assert [each.id for each in journey.events] == ["z", "b", "a", "c"]
    assert journey.next == [("z", "b", 0), ("b", "a", 0), ("a", "c", 86_400)]


def test_a_handoff_is_a_change_of_team_in_one_matter() -> None:
    """Support reassigns to Billing, who answer two days later; the wait is counted in calendar and business time."""
    events = [
        event("1", "ticket.created", 0, ticket="h/7", direction="inbound", team="Support"),
        event("2", "ticket.replied", 1, ticket="h/7", team="Support"),
        event("3", "ticket.reassigned", 2, ticket="h/7", team="Billing", direction="internal"),
        event("4", "ticket.replied", 4, ticket="h/7", team="Billing"),
    ]

    (handoff,) = MAKER.journey(events).handoffs

    assert (handoff.source, handoff.target) == ("2", "3")
    assert (handoff.from_team, handoff.to_team) == ("Support", "Billing")
    assert handoff.wait_seconds == 2 * 86_400
    assert handoff.business_wait_seconds == 2 * 8 * 3600


def test_two_functions_one_after_the_other_are_no_handoff() -> None:
    """A campaign e-mail and then a ticket is a function switch only."""
    events = [
        event("1", "email.sent", 0, team="Campaigns"),
        event("2", "ticket.replied", 1, ticket="h/7", team="Support"),
    ]

    assert MAKER.journey(events).handoffs == []


def test_a_customer_who_still_waits_has_no_wait_yet() -> None:
    """Nobody of the new team has answered: the wait is unknown, not zero."""
    events = [
        event("1", "ticket.replied", 0, ticket="h/7", team="Support"),
        event("2", "ticket.reassigned", 1, ticket="h/7", team="Billing", direction="internal"),
    ]

    assert MAKER.journey(events).handoffs[0].wait_seconds is None


def test_a_lead_goes_from_marketing_to_sales_along_the_declared_link() -> None:
    """The form of the lead and its acceptance by sales are a handoff, with the wait between them."""
    events = [
        event("1", "form.submitted", 0, direction="inbound"),
        event("2", "lead.accepted", 3, function="sales", team="Inside sales"),
    ]

    (handoff,) = MAKER.journey(events).handoffs

    assert (handoff.matter, handoff.from_function, handoff.to_function) == ("link:lead to sales", "marketing", "sales")
    assert handoff.wait_seconds == 3 * 86_400


def test_an_answer_is_about_what_its_token_names() -> None:
    """The invitation went out after the second reply, so the answer is about that reply."""
    events = [
        event("1", "ticket.replied", 0, ticket="h/7", team="Support"),
        event("2", "ticket.replied", 1, ticket="h/8", team="Support"),
        event("3", "survey.sent", 1.1, survey_token="t1", automated=True),
        event("4", "ticket.replied", 2, ticket="h/7", team="Support"),
        event("5", "survey.answered", 3, survey_token="t1", metric="csat", score=2.0, program="transactional"),
    ]

    assert MAKER.journey(events).abouts == [("5", "2", "token")]


def test_a_relationship_survey_is_about_no_single_event() -> None:
    """It asks about the whole."""
    events = [
        event("1", "ticket.replied", 0, ticket="h/7"),
        event("2", "survey.answered", 1, metric="nps", score=9.0, program="relationship"),
    ]

    assert MAKER.journey(events).abouts == []


def test_stages_are_reached_by_what_happens() -> None:
    """Target, then lead by a form, opportunity by a deal, back to lead when it is lost, customer by an order."""
    events = [
        event("1", "email.sent", 0),
        event("2", "form.submitted", 1, direction="inbound"),
        event("3", "deal.created", 2),
        event("4", "deal.lost", 3),
        event("5", "order.placed", 4, direction="inbound"),
        event("6", "deal.lost", 5),
    ]

    journey = MAKER.journey(events)

    assert [(t.stage, t.cause, t.regression) for t in journey.transitions] == [
        ("target", "1", False),
        ("lead", "2", False),
        ("opportunity", "3", False),
        ("lead", "4", True),
        ("customer", "5", False),
    ]
    assert journey.transitions[0].left_at == journey.transitions[1].at
    assert list(journey.stage_at) == ["target", "lead", "opportunity", "lead", "customer", "customer"]


def test_only_a_customer_becomes_an_advocate_by_a_score() -> None:
    """A nine of somebody who has bought makes an advocate; a nine before that does not."""
    nine = {"metric": "nps", "score": 9.0, "program": "relationship"}
    before = [event("1", "survey.answered", 0, **nine), event("2", "order.placed", 1, direction="inbound")]
    after = [event("1", "order.placed", 0, direction="inbound"), event("2", "survey.answered", 1, **nine)]

    assert [t.stage for t in MAKER.journey(before).transitions] == ["target", "customer"]
    assert [t.stage for t in MAKER.journey(after).transitions] == ["customer", "advocate"]


def test_reactivation_counts_activity_only() -> None:
    """What we sent in between does not end a silence; the customer's own order after 100 days does."""
    events = [
        event("1", "order.placed", 0, direction="inbound"),
        event("2", "email.sent", 50),
        event("3", "order.placed", 100, direction="inbound"),
    ]

    assert MAKER.journey(events).reactivated_at == events[2].at


def test_touchpoints_are_named_by_rules_first() -> None:
    """A rule names the touchpoint; without one it is kind by channel."""
    rule = TouchpointRule(name="Support reply", kinds=("ticket.replied",), channels=("email",), moment_of_truth=True)
    maker = JourneyMaker(Rules(touchpoint=(rule,)))

    named, plain = maker.journey([event("1", "ticket.replied", 0), event("2", "ticket.solved", 1)]).touchpoints

    assert (named.name, named.moment_of_truth) == ("Support reply", True)
    assert (plain.key, plain.name) == ("ticket.solved:email:service", "ticket solved by email")


def test_business_hours_know_weekends_holidays_and_summer_time() -> None:
    """From Friday 16:00 to Monday 10:00 in Berlin are two hours, also over the change of clocks; none on a holiday."""
    from graph.customer.hours import BusinessHours

    berlin = BusinessHours(Calendar(reporting_timezone="Europe/Berlin"))
    friday = int(datetime(2026, 3, 27, 15, tzinfo=UTC).timestamp() * 1000)  # 16:00 winter time
    monday = int(datetime(2026, 3, 30, 8, tzinfo=UTC).timestamp() * 1000)  # 10:00 summer time
    holiday = BusinessHours(Calendar(reporting_timezone="Europe/Berlin", holidays=(datetime(2026, 3, 30).date(),)))  # noqa: DTZ001

    assert berlin.seconds_between(friday, monday) == 2 * 3600
    assert holiday.seconds_between(friday, monday) == 3600
    assert berlin.seconds_between(monday, friday) == 0
