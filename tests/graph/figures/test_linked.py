"""What customers say beside what they do, and the metrics of one customer: by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from graph.figures.board import KPIS
from graph.figures.customer_metrics import metrics_of
from graph.figures.figure import Unavailable
from graph.figures.groups import Dimension, groups
from graph.figures.linked import NotLinkable, linked
from graph.figures.scope import Scope
from graph.journeys.period import Period
from tests.journeys import Told, answer, event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def scope(*events: Told) -> Scope:
    return Scope(journeys(*events).view(as_of=ms("2026-07-01")), MARCH, ms("2026-07-01"))


def contracts() -> list[Told]:
    """Ten promoters, of whom one churns in March; ten detractors, of whom four do; one said 0 first and 10 then."""
    told = []
    for number in range(20):
        who = f"c{number:02d}"
        told.append(event(who, "2026-01-05", "subscription.started", subscription=who))
        told.append(answer(who, "2026-03-05", "nps", 9 if number < 10 else 3))
        if number in (0, 10, 11, 12, 13):
            told.append(event(who, "2026-03-20", "subscription.cancelled", subscription=who))
    return [*told, answer("c05", "2026-03-02", "nps", 0)]


def test_churn_of_promoters_is_read_beside_that_of_detractors() -> None:
    """10 % of ten against 40 % of ten, with n, and Newcombe's interval of the difference; two passives say nothing."""
    told = [*contracts(), answer("p", "2026-03-05", "nps", 7), answer("q", "2026-03-05", "nps", 8)]
    found = linked(scope(*told), "nps_relationship", KPIS["churn"])
    told_of = {group.key: figure for group, figure in found.groups}

    assert (told_of["promoters"].value, told_of["promoters"].sample_size) == (10.0, 10)
    assert (told_of["detractors"].value, told_of["detractors"].sample_size) == (40.0, 10)
    assert told_of["passives"].unavailable is Unavailable.NO_DATA_IN_PERIOD
    assert found.difference is not None
    assert found.difference.value == -30.0
    # Wilson: 1.787 to 40.415 and 16.818 to 68.733; Newcombe 1998, method 10, makes of these -59.88 to 8.24.
    assert (found.difference.low, found.difference.high) == pytest.approx((-59.88, 8.24), abs=0.01)


def test_orders_of_who_gave_many_stars_are_read_beside_those_of_who_gave_few() -> None:
    """Six gave 4 or 5 stars at last, and all order again; of six with 1 to 3 one does. CES has such groups, too."""
    told = []
    for number in range(12):
        who = f"c{number:02d}"
        told.append(event(who, "2026-02-05", "order.placed", amount=1.0))
        told.append(answer(who, "2026-03-05", "rating", 4 + number % 2 if number < 6 else 1 + number % 3))
        told.append(answer(who, "2026-03-06", "ces", 6 if number < 6 else 4))
        if number < 7:
            told.append(event(who, "2026-03-20", "order.placed", amount=1.0))
    told.append(answer("c11", "2026-03-02", "rating", 5))

    for key, best in (("rating", "many_stars"), ("ces_mean", "easy")):
        found = linked(scope(*told), key, KPIS["next_order"])
        shares = {group.key: (figure.value, figure.sample_size) for group, figure in found.groups}
        assert shares == {best: (100.0, 6), f"not_{best}": (pytest.approx(100 / 6), 6)}


def test_a_figure_by_score_group_is_the_same() -> None:
    """The breakdown of churn by SCORE_GROUP tells the same shares."""
    told = {
        group.key: KPIS["churn"].figure(group.scope).value
        for group in groups(scope(*contracts()), Dimension.SCORE_GROUP)
    }

    assert (told["promoters"], told["detractors"]) == (10.0, 40.0)


def test_those_whose_contact_was_resolved_are_read_beside_comparable_customers() -> None:
    """Five resolved, five not, five of their stage without a contact; those of another stage do not count."""
    told = []
    for number in range(20):
        who = f"c{number:02d}"
        told.append(event(who, "2026-02-05", "form.submitted"))
        if number < 10:
            told.append(event(who, "2026-03-05", "ticket.created", ticket=f"t/{number}"))
        if number < 5:
            told.append(event(who, "2026-03-06", "ticket.solved", ticket=f"t/{number}"))
    stages = {f"c{number:02d}": {"lifecycle_stage": "lead" if number < 15 else "target"} for number in range(20)}
    asked = Scope(journeys(*told, customers=stages).view(as_of=ms("2026-07-01")), MARCH, ms("2026-07-01"))
    found = linked(asked, "first_contact_resolution", KPIS["period_retention"])

    assert [(group.key, int(group.members.sum())) for group, _ in found.groups] == [
        ("resolved", 5),
        ("no_contact", 5),
        ("unresolved", 5),
    ]
    assert [figure.value for _, figure in found.groups] == [100.0, 0.0, 100.0]


def test_what_they_did_in_the_months_after_is_read_of_the_same_groups() -> None:
    """Ten who had bought wrote in March: five are resolved, of whom four buy in spring and two recommend; of the five
    others one buys. Of five who wrote nothing, of the same stage, two buy; a first order is no next one."""
    told = []
    for number in range(15):
        who = f"c{number:02d}"
        told.append(event(who, "2026-02-05", "order.placed", amount=1.0))
        if number < 10:
            told.append(event(who, "2026-03-05", "ticket.created", ticket=f"t/{number}"))
        if number < 5:
            told.append(event(who, "2026-03-06", "ticket.solved", ticket=f"t/{number}"))
        if number in (0, 1, 2, 3, 5, 10, 11):
            told.append(event(who, "2026-05-01", "order.placed", amount=1.0))
        if number in (0, 1):
            told.append(event(who, "2026-05-02", "referral.made"))
    told.append(event("new", "2026-05-01", "order.placed", amount=1.0))
    stages = {f"c{number:02d}": {"lifecycle_stage": "customer"} for number in range(15)}
    asked = Scope(journeys(*told, customers=stages).view(as_of=ms("2026-07-01")), MARCH, ms("2026-07-01"))
    spring = Period(date(2026, 4, 1), date(2026, 7, 1))
    found = {
        key: [
            (group.key, figure.value, figure.sample_size)
            for group, figure in linked(asked, "first_contact_resolution", KPIS[key], spring).groups
        ]
        for key in ("next_order", "referral_rate")
    }

    assert found["next_order"] == [("resolved", 80.0, 5), ("no_contact", 40.0, 5), ("unresolved", 20.0, 5)]
    assert found["referral_rate"] == [("resolved", 40.0, 5), ("no_contact", 0.0, 5), ("unresolved", 0.0, 5)]
    assert KPIS["next_order"].figure(asked).value == 0.0
    assert KPIS["next_order"].figure(asked.at(spring)).sample_size == 15


def test_what_parts_nobody_into_groups_is_refused() -> None:
    """The refusal names the KPIs that do."""
    with pytest.raises(NotLinkable, match="nps_relationship"):
        linked(scope(), "win_rate", KPIS["churn"])


def test_metrics_of_a_customer_are_theirs() -> None:
    """What was bought less what came back, the open ticket, the latest score; without a margin no value."""
    told = [
        event("ada", "2026-03-01", "order.placed", amount=50.0, currency="EUR"),
        event("ada", "2026-03-02", "order.refunded", amount=20.0, currency="EUR", direction="outbound"),
        event("ada", "2026-03-03", "ticket.created", ticket="t/1"),
        event("ada", "2026-03-04", "ticket.created", ticket="t/2"),
        event("ada", "2026-03-05", "ticket.solved", ticket="t/2"),
        answer("ada", "2026-03-06", "nps", 3),
        answer("ada", "2026-03-07", "nps", 9),
        event("bob", "2026-03-08", "page.viewed"),
        event("bob", "2027-03-08", "page.viewed"),
    ]
    table, now = journeys(*told), datetime(2026, 7, 1, 12, tzinfo=UTC)
    ada, bob = metrics_of(table, now, "ada"), metrics_of(table, now, "bob")

    assert ada is not None
    assert bob is not None
    assert (ada.lifetime_revenue, ada.currency, ada.open_ticket_count) == (30.0, "EUR", 1)
    assert (ada.latest_nps, ada.latest_nps_at, ada.last_inbound_at) == (9.0, ms("2026-03-07"), ms("2026-03-07"))
    assert (bob.lifetime_revenue, bob.latest_nps, bob.last_inbound_at) == (None, None, ms("2026-03-08"))
    assert (ada.residual_lifetime_value, ada.churn_risk, ada.basis, ada.estimated_at) == (None, None, None, None)
    view = table.view(as_of=ms("2026-07-01"))
    assert dict(zip(view.texts("id"), view.at.tolist(), strict=True))[ada.latest_nps_id] == ms("2026-03-07")
    assert bob.latest_nps_id is None
    assert metrics_of(table, now, "eve") is None
