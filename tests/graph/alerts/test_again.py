"""Looking at few finds what looking at everybody finds."""

from __future__ import annotations

import random
from collections.abc import Iterable

import numpy as np
import pytest

from graph.alerts.again import FEW, look_again, look_at_all
from graph.alerts.conditions import DAY
from graph.alerts.due import DueTimes
from graph.alerts.evaluate import NewAlert, look
from graph.alerts.rules import AlertRule
from graph.journeys.journeys import Journeys
from graph.journeys.some import journeys_of, who_has
from graph.rules import Rules
from tests.journeys import Told, answer, event, journeys, ms

RULES = Rules(
    alert=(
        AlertRule("low", "detractor", cool_down_days=3),
        AlertRule("quiet", "silent", least_days=2, cool_down_days=0),
        AlertRule("again", "repeat_contact", days=9, cool_down_days=2),
        AlertRule("slow", "sla", hours=10, cool_down_days=0),
        AlertRule("slow in opening hours", "sla", hours=6, business_hours=True, cool_down_days=0, look_back_days=5),
        AlertRule("waiting", "unanswered", hours=20, cool_down_days=1),
        AlertRule("leaving", "churn_risk", at_least=0.4, look_back_days=90, cool_down_days=0),
    )
)
PEOPLE = [f"c{number:02}" for number in range(24)]


class Company:
    """What customers experienced so far, as journeys of which only the touched are put in anew."""

    def __init__(self, chance: random.Random, now: int) -> None:
        self.chance = chance
        self.now = now
        self.told: dict[str, list[Told]] = {who: [] for who in PEOPLE}
        self.alerts: dict[str, list[NewAlert]] = {who: [] for who in PEOPLE}
        self.made = 0
        for place, who in enumerate(PEOPLE):
            for _ in range(chance.randrange(12)):
                self.told[who].append(self.something(who, now - chance.randrange(40 * DAY)))
            for order in range(place):  # buyers of every second day, who stopped
                self.told[who].append(Told(who, now - (60 - 2 * order) * DAY, "order.placed", {"id": f"{who}/{order}"}))
        self.journeys = self._of(PEOPLE)

    def something(self, who: str, at: int) -> Told:
        """One more interaction; tickets are few, so that several customers take part in some."""
        self.made += 1
        more = {"id": f"i{self.made}", "ticket": self.chance.choice([None, f"t{self.chance.randrange(150)}"])}
        kind = self.chance.choice([*["ticket.created"] * 3, "ticket.replied", "order.placed", "page.viewed", "score"])
        if kind == "score":
            return Told(who, at, "survey.answered", {**answer(who, "2026-01-01", "nps", 4).more, **more})
        topic = self.chance.choice([None, "invoice"]) if kind == "ticket.created" else None
        return Told(who, at, kind, {**more, "topic": topic})

    def change(self) -> set[str]:
        """Somebody experiences something, also ahead or long ago, or what they did is taken back, or is another's."""
        who, other = self.chance.sample(PEOPLE, 2)
        deed = self.chance.random()
        if deed < 0.6 or not self.told[who]:
            ahead = self.chance.choice([0, 0, 0, DAY // 3, -10 * DAY])
            self.told[who].append(self.something(who, self.now + ahead))
            return {who}
        taken = self.told[who].pop(self.chance.randrange(len(self.told[who])))
        if deed < 0.8:
            return {who}
        self.told[other].append(Told(other, taken.at, taken.kind, taken.more))
        moved = [alert for alert in self.alerts[who] if alert.cause == taken.more["id"]]
        self.alerts[who] = [alert for alert in self.alerts[who] if alert not in moved]
        self.alerts[other] += moved
        return {who, other}

    def hold(self, raised: Iterable[NewAlert]) -> set[str]:
        """The alerts stand in the journeys from now on."""
        for alert in raised:
            self.alerts[alert.customer].append(alert)
        return {alert.customer for alert in raised}

    def follow(self, touched: set[str]) -> None:
        """Put the touched in anew."""
        fresh = self._of(sorted(touched))
        parts = {name: part.replaced(sorted(touched), fresh.parts[name].first) for name, part in
                 self.journeys.parts.items()}  # fmt: skip
        self.journeys = Journeys(parts, RULES, self.journeys.seq + 1, self.now)

    def _of(self, people: list[str]) -> Journeys:
        alerts = [
            {"who": who, "id": alert.id, "rule": alert.rule, "since": alert.since}
            for who in people
            for alert in self.alerts[who]
        ]
        told = [one for who in people for one in self.told[who]]
        return journeys(*told, customers={who: {} for who in people}, alerts=alerts, rules=RULES)


@pytest.mark.parametrize(("seed", "with_model"), [(1, True), (2, False)])
def test_few_looked_at_raise_what_everybody_looked_at_raises(seed: int, with_model: bool) -> None:
    """Random changes and steps of the clock, of minutes or days: round by round the same alerts, of few customers."""
    rules = Rules(alert=RULES.alert if with_model else RULES.alert[:-1])
    chance = random.Random(seed)
    company = Company(chance, ms("2026-03-02"))
    found = look_at_all(company.journeys, rules, company.now)
    raised, looked_at, rounds = {alert.rule for alert in found.alerts}, 0, 40
    touched = company.hold(found.alerts)

    for _ in range(rounds):
        company.now += chance.choice([60_000, 3_600_000, 3_600_000, DAY // 4, DAY // 2, 2 * DAY])
        for _ in range(chance.randrange(3)):
            touched |= company.change()
        company.follow(touched)
        found = look_again(company.journeys, rules, company.now, found.seen, found.times, touched)
        everybody = look(company.journeys, rules, company.now, dict(found.seen.models))

        assert _told(found.alerts) == _told(everybody.alerts)
        raised |= {alert.rule for alert in found.alerts}
        looked_at += found.looked_at
        touched = company.hold(found.alerts)

    assert raised == {rule.name for rule in rules.alert}
    assert with_model or looked_at < 0.5 * rounds * len(PEOPLE), "nearly everybody was looked at nearly always"


def _told(alerts: Iterable[NewAlert]) -> list[NewAlert]:
    return sorted(alerts, key=lambda alert: (alert.rule, alert.since, alert.id))


def test_everybody_is_looked_at_when_it_is_not_known_whom_to_leave_out() -> None:
    """A log that does not reach back, a clock that went back, and a new day where buyers are modelled."""
    rules = Rules(alert=(AlertRule("low", "detractor"), AlertRule("leaving", "churn_risk")))
    all_of = journeys(*(event(who, "2026-03-01", "order.placed") for who in PEOPLE), rules=rules)
    now = ms("2026-03-31T12:00")
    left = look_at_all(all_of, rules, now)

    def looked_at(at: str, touched: set[str] | None) -> int:
        return look_again(all_of, rules, ms(at), left.seen, left.times, touched).looked_at

    assert looked_at("2026-03-31T13:00", {"c01"}) == 1
    assert looked_at("2026-03-31T13:00", set()) == 0
    assert looked_at("2026-03-31T13:00", None) == len(PEOPLE)
    assert looked_at("2026-03-31T11:00", {"c01"}) == len(PEOPLE)
    assert looked_at("2026-04-01T00:00", {"c01"}) == len(PEOPLE)
    assert len(PEOPLE) < FEW


def test_a_model_of_few_is_never_made() -> None:
    """Nobody had bought when everybody was looked at: who comes to buy that day is judged the next day, beside all."""
    rules = Rules(alert=(AlertRule("leaving", "churn_risk", at_least=0.01, look_back_days=400),))
    left = look_at_all(journeys(*(event(who, "2026-01-01", "page.viewed") for who in PEOPLE)), rules, ms("2026-03-31"))
    days = ("2026-01-02", "2026-01-05", "2026-01-09")
    bought = journeys(*(event(who, day, "order.placed") for who in PEOPLE for day in days[: 1 + PEOPLE.index(who) % 3]))
    same_day = look_again(bought, rules, ms("2026-03-31T12:00"), left.seen, left.times, set(PEOPLE[:16]))
    next_day = look_again(bought, rules, ms("2026-04-01"), same_day.seen, same_day.times, set())

    assert (same_day.alerts, same_day.looked_at) == ([], 16)
    assert (len(next_day.alerts), next_day.looked_at) == (16, len(PEOPLE))


def test_due_times_forget_whom_something_happened_to() -> None:
    """What has been said of a customer later counts, also after all are put into one table."""
    ids = journeys(*(event(who, "2026-03-01", "page.viewed") for who in "abcd")).customers.arrow("id")
    times = DueTimes.of(ids, np.array([30, 10, 20, -1]), never=-1)
    after = times.after({"b", "d"}, {"d": 15}).after({"a"}, {"a": 40})

    assert (times.by(9), times.by(20), times.by(99)) == (set(), {"b", "c"}, {"a", "b", "c"})
    for same in (after, DueTimes(after.settled())):
        assert (same.by(14), same.by(15), same.by(99)) == (set(), {"d"}, {"a", "c", "d"})


def test_the_journeys_of_some_are_theirs_whatever_changed() -> None:
    """Rows that were replaced do not come back; who is not there is left out; who has a ticket is found."""
    before = journeys(*(event(who, "2026-03-01", "ticket.created", ticket=f"t/{who}", id=f"{who}1") for who in "abc"))
    fresh = journeys(*(event("b", at, "ticket.created", ticket="t/a", id=f"b{at}") for at in
                       ("2026-03-05", "2026-03-02")))  # fmt: skip
    parts = {name: part.replaced(["b"], fresh.parts[name].first) for name, part in before.parts.items()}
    some = journeys_of(Journeys(parts, Rules(), 1, 0), ["c", "b", "nobody"])

    assert some.customers.arrow("id").to_pylist() == ["b", "c"]
    assert some.events.arrow("id").to_pylist() == ["b2026-03-02", "b2026-03-05", "c1"]
    assert who_has(parts["events"], "ticket", {"t/a", "t/c"}) == {"a", "b", "c"}
    assert who_has(parts["events"], "ticket", {"t/b"}) == set()
