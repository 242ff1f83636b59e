"""What alert rules find in journeys that are written down by hand."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

from graph.alerts.evaluate import NewAlert, look
from graph.alerts.rules import AlertRule
from graph.customer.hours import BusinessHours
from graph.estimates.buying import fit_buying
from graph.figures.customer_metrics import metrics_of
from graph.journeys.journeys import Journeys
from graph.rules import Calendar, Rules
from tests.journeys import Told, answer, event, journeys, ms

NOW = "2026-03-31"


def found(
    rule: AlertRule, *events: Told, now: str = NOW, calendar: Calendar | None = None, **more: Any
) -> list[NewAlert]:
    rules = Rules(alert=(rule,), calendar=calendar or Calendar())
    return look(journeys(*events, rules=rules, **more), rules, ms(now), {}).alerts


def who(alerts: list[NewAlert]) -> list[str]:
    return sorted(alert.customer for alert in alerts)


def test_a_low_score_is_one_on_the_usual_scale() -> None:
    """Six of ten is a detractor, seven is none; a six of another scale and a future answer say nothing."""
    alerts = found(
        AlertRule("low", "detractor"),
        answer("ada", "2026-03-20", "nps", 6),
        answer("bob", "2026-03-20", "nps", 7),
        answer("cleo", "2026-03-20", "nps", 2, scale_max=5),
        answer("dora", "2026-04-02", "nps", 0),
        answer("emil", "2026-03-20", "csat", 1),
    )

    assert who(alerts) == ["ada"]
    assert alerts[0].since == ms("2026-03-20")
    assert json.loads(alerts[0].evidence) == {"at_most": 6, "metric": "nps", "program": "relationship", "score": 6}


def test_what_is_old_raises_nothing_and_what_is_raised_is_not_raised_again() -> None:
    """Longer ago than `look_back_days`; and an alert of that cause stands in the journeys already."""
    rule = AlertRule("low", "detractor", look_back_days=30)
    events = (answer("ada", "2026-02-01", "nps", 0), answer("bob", "2026-03-20", "nps", 0))
    first = found(rule, *events)

    assert who(first) == ["bob"]
    again = found(rule, *events, alerts=[{"who": "bob", "id": first[0].id, "rule": "low", "since": first[0].since}])
    assert again == []


def test_within_the_cool_down_a_customer_is_told_of_once() -> None:
    """Three low scores in ten days are one alert, one after twenty days is another; another customer has their own."""
    alerts = found(
        AlertRule("low", "detractor", cool_down_days=14),
        *(answer("ada", day, "nps", 0) for day in ("2026-03-05", "2026-03-06", "2026-03-15", "2026-03-26")),
        answer("bob", "2026-03-06", "nps", 0),
    )

    assert [(alert.customer, alert.since) for alert in alerts] == [
        ("ada", ms("2026-03-05")),
        ("bob", ms("2026-03-06")),
        ("ada", ms("2026-03-26")),
    ]


def test_the_owner_is_the_customers_or_whom_the_rule_names() -> None:
    """The customer's owner, else `or_owner`; a rule that names a person means that person."""
    events = (answer("ada", "2026-03-20", "nps", 0), answer("bob", "2026-03-21", "nps", 0))
    people = {"ada": {"owner": "Ines Marl"}, "bob": {}}

    asked = found(AlertRule("low", "detractor", or_owner="Tom Ek"), *events, customers=people)
    named = found(AlertRule("low", "detractor", owner="Uma Rai"), *events, customers=people)

    assert [alert.owner for alert in asked] == ["Ines Marl", "Tom Ek"]
    assert [alert.owner for alert in named] == ["Uma Rai", "Uma Rai"]


def test_silence_is_measured_by_the_customers_own_gaps() -> None:
    """Active every 4 days, six times: silent on the 14th quiet day; every 10 days: on the 31st; four gaps: never."""
    fours = [event("ada", f"2026-02-{day:02d}", "page.viewed") for day in range(1, 22, 4)]
    tens = [event("bob", day, "page.viewed") for day in
            ("2026-01-01", "2026-01-11", "2026-01-21", "2026-01-31", "2026-02-10", "2026-02-20")]  # fmt: skip
    few = [event("cleo", f"2026-02-{day:02d}", "page.viewed") for day in (1, 2, 3, 4, 5)]
    machine = event("ada", "2026-03-10", "email.opened", automated=True)
    rule = AlertRule("quiet", "silent")

    assert who(found(rule, *fours, machine, now="2026-03-06")) == []
    (ada,) = found(rule, *fours, machine, now="2026-03-07")
    assert (ada.customer, ada.since) == ("ada", ms("2026-03-07"))
    assert who(found(rule, *tens, *few, now="2026-03-22")) == []
    assert who(found(rule, *tens, *few, now="2026-03-23")) == ["bob"]


def test_the_same_topic_again_within_the_days_is_a_repeat() -> None:
    """Seven days on the same topic count, eight do not, and another topic or none neither."""
    alerts = found(
        AlertRule("again", "repeat_contact", days=7),
        *(event("ada", day, "ticket.created", topic="invoice") for day in ("2026-03-05", "2026-03-12")),
        *(event("bob", day, "ticket.created", topic="invoice") for day in ("2026-03-05", "2026-03-13")),
        event("cleo", "2026-03-05", "ticket.created", topic="invoice"),
        event("cleo", "2026-03-06", "ticket.created", topic="delivery"),
        *(event("dora", day, "ticket.created") for day in ("2026-03-05", "2026-03-06")),
    )

    assert who(alerts) == ["ada"]
    assert json.loads(alerts[0].evidence)["first_contact"] == "test/events/0"


def ticket(who: str, opened: str, replied: str | None = None, **reply: Any) -> list[Told]:
    told = [event(who, opened, "ticket.created", ticket=f"t/{who}")]
    return told if replied is None else [*told, event(who, replied, "ticket.replied", ticket=f"t/{who}", **reply)]


def test_a_first_reply_comes_from_a_human_in_time_or_is_late() -> None:
    """Four hours: a reply after three is in time, after five is late, a machine's is none; an hour ago is too early."""
    alerts = found(
        AlertRule("slow", "sla", hours=4),
        *ticket("ada", "2026-03-30T08:00", "2026-03-30T11:00"),
        *ticket("bob", "2026-03-30T08:00", "2026-03-30T13:00"),
        *ticket("cleo", "2026-03-30T08:00", "2026-03-30T08:01", automated=True),
        *ticket("dora", "2026-03-30T23:00"),
        event("emil", "2026-03-30T08:00", "ticket.created", ticket="t/emil", direction="outbound"),
    )

    assert who(alerts) == ["bob", "cleo"]
    assert {alert.since for alert in alerts} == {ms("2026-03-30T12:00")}
    assert [json.loads(a.evidence)["replied_at"] for a in sorted(alerts, key=lambda a: a.customer)] == [
        "2026-03-30T13:00:00Z",
        None,
    ]


def test_business_hours_stand_still_over_a_weekend() -> None:
    """Opened on Friday at 16:00 with four hours to reply: due on Monday at 12:00; so is what the owner has to do."""
    rule = AlertRule("slow", "sla", hours=4, business_hours=True, due_hours=2)
    friday = ticket("ada", "2026-03-27T16:00", "2026-03-30T12:30")
    in_time = ticket("bob", "2026-03-27T16:00", "2026-03-30T11:30")
    (alert,) = found(rule, *friday, *in_time, now="2026-03-30T16:00")

    assert (alert.customer, alert.since) == ("ada", ms("2026-03-30T12:00"))
    assert alert.due == ms("2026-03-31T10:00")


def test_opening_time_passes_as_it_is_counted() -> None:
    """By when so much opening time has passed is when as much is counted, over weekends, holidays and summer time."""
    hours = BusinessHours(Calendar(reporting_timezone="Europe/Berlin", holidays=(date(2026, 4, 3), date(2026, 4, 6))))
    dice = np.random.default_rng(3)
    starts = ms("2026-03-01") + dice.integers(0, 60 * 86_400, 300) * 1000
    for seconds in (1, 4 * 3600, 8 * 3600, 100 * 3600):
        ends = hours.after(starts, seconds)

        assert [hours.seconds_between(int(a), int(b)) for a, b in zip(starts, ends, strict=True)] == [seconds] * 300
        assert [hours.seconds_between(int(a), int(b) - 1000) for a, b in zip(starts, ends, strict=True)] == [
            seconds - 1
        ] * 300
    never = BusinessHours(Calendar(business_days=()))
    assert never.after(starts[:1], 60).tolist() == [starts[0] + 60_000]


def test_a_message_is_unanswered_until_a_human_speaks() -> None:
    """The first message since the last answer counts; a campaign is no answer, a solved ticket is one."""
    alerts = found(
        AlertRule("waiting", "unanswered", hours=24),
        *ticket("ada", "2026-03-20", "2026-03-21"),
        event("ada", "2026-03-22", "ticket.replied", ticket="t/ada", direction="inbound"),
        event("ada", "2026-03-23", "ticket.replied", ticket="t/ada", direction="inbound"),
        event("ada", "2026-03-24", "email.sent", campaign="m/1"),
        *ticket("bob", "2026-03-20", "2026-03-21"),
        event("cleo", "2026-03-20", "conversation.message"),
        *ticket("dora", "2026-03-20"),
        event("dora", "2026-03-21", "ticket.solved", ticket="t/dora", direction="internal"),
        event("emil", "2026-03-30T12:00", "conversation.message"),
    )

    assert {alert.customer: alert.since for alert in alerts} == {"ada": ms("2026-03-23"), "cleo": ms("2026-03-21")}


def test_churn_risk_rises_at_the_moment_at_which_the_model_reaches_it() -> None:
    """Since when it holds is where 1 − P(alive) crosses the rule's probability, found by bisection."""
    rule = AlertRule("leaving", "churn_risk", at_least=0.6, look_back_days=400)
    table = _buyers()
    alerts = look(table, Rules(alert=(rule,)), ms(NOW), {}).alerts
    histories = _histories(table, ms(NOW))
    model = fit_buying(*zip(*histories.values(), strict=True))

    def risk(repeats: int, recency: int, age: float) -> float:
        return 1 - float(model.alive([repeats], [recency], [age])[0])

    risky = {name for name, history in histories.items() if history[0] and risk(*history) >= 0.6}
    assert {alert.customer for alert in alerts} == risky
    assert risky
    for alert in alerts:
        repeats, recency, age = histories[alert.customer]
        crossed = brentq(lambda a, x=repeats, t=recency: risk(x, t, a) - 0.6, recency, 5000)
        assert (alert.since - ms(NOW)) // 86_400_000 + age == pytest.approx(np.ceil(crossed), abs=1)


def test_the_churn_risk_of_an_alert_is_that_of_the_customer() -> None:
    """One word, one figure: what the alert gives as evidence is what `Customer.metrics` tells at that moment."""
    table = _buyers()
    rule = AlertRule("leaving", "churn_risk", at_least=0.6, look_back_days=400)
    alerts = look(table, Rules(alert=(rule,)), ms(NOW), {}).alerts
    now = datetime.fromtimestamp(ms(NOW) / 1000, UTC)

    assert alerts
    for alert in alerts:
        metrics = metrics_of(table, now, alert.customer)
        assert metrics is not None
        assert metrics.churn_risk == pytest.approx(json.loads(alert.evidence)["probability"], abs=1e-4)
        assert metrics.basis == "PURCHASES"
        assert metrics.estimated_at is not None
        assert 0 <= ms(NOW) - metrics.estimated_at < 86_400_000


def _buyers() -> Journeys:
    """150 who buy at rates of their own until they leave, as BG/NBD has it."""
    dice = np.random.default_rng(7)
    events = []
    for number in range(150):
        name, day, rate, leaves = f"c{number:03d}", 0.0, dice.gamma(0.8, 0.05), dice.beta(0.8, 2.5)
        while day < 300:
            at = str(np.datetime64("2025-06-01") + int(day))
            events.append(event(name, at, "order.placed", amount=10.0, currency="EUR"))
            if dice.random() < leaves:
                break
            day += dice.exponential(1 / rate)
    return journeys(*events)


def _histories(table: Journeys, now: int) -> dict[str, tuple[int, int, int]]:
    days: dict[str, set[int]] = {}
    for name, at in zip(table.events.arrow("who").to_pylist(), table.events.arrow("at").to_pylist(), strict=True):
        days.setdefault(str(name), set()).add(int(at or 0) // 86_400_000)
    return {name: (len(d) - 1, max(d) - min(d), now // 86_400_000 - min(d)) for name, d in days.items()}


def test_buyers_who_never_came_back_give_no_model_and_no_alert() -> None:
    """Nobody bought twice: nothing can be told, and nothing is."""
    assert found(AlertRule("leaving", "churn_risk"), event("ada", "2026-01-01", "order.placed")) == []


@pytest.mark.parametrize("when", ["detractor", "silent", "repeat_contact", "sla", "churn_risk", "unanswered"])
def test_no_interactions_are_no_alerts(when: str) -> None:
    """A customer without events, and a company without any."""
    assert found(AlertRule("any", when), customers={"ada": {}}) == []
    assert found(AlertRule("any", when)) == []
