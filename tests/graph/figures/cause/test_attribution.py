"""Attribution over journeys: which touches are on a path, whose paths count, and what credit may not be taken for."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from scipy import stats

from graph.figures.cause.attribution import OTHERS, Attribution, By, Model, attribution
from graph.figures.scope import Scope
from graph.journeys.journeys import Journeys
from graph.journeys.period import Period
from graph.journeys.view import Unit
from tests.graph.estimates import test_simulated_world as simulated
from tests.journeys import Told, event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def credit(
    table: Journeys, *models: Model, by: By = By.CHANNEL, unit: Unit = Unit.CUSTOMER, days: int = 90
) -> Attribution:
    scope = Scope(table.view(unit, ms("2026-07-01")), MARCH, ms("2026-07-01"))
    return attribution(scope, models or list(Model), by, look_back_days=days)


def conversions(found: Attribution, model: Model) -> dict[str, float]:
    return {each.key: each.conversions for each in found.by_model[model]}


def buyers(*channels: str, many: int = 5, name: str = "b", amount: float = 100.0, currency: str = "EUR") -> list[Told]:
    """Customers with a touch a day from 1 March by these channels, who order on the tenth."""
    told: list[Told] = []
    for number in range(many):
        who = f"{name}{number}"
        told += [
            event(who, f"2026-03-{day:02d}", "ad.clicked", channel=channel)
            for day, channel in enumerate(channels, start=1)
        ]
        told.append(event(who, "2026-03-10", "order.placed", channel="web", amount=amount, currency=currency))
    return told


def test_rules_share_the_credit_of_a_path() -> None:
    """Social, e-mail, e-mail, telephone, of five customers for 100 EUR each: worked out by hand."""
    found = credit(journeys(*buyers("social", "email", "email", "phone")))

    assert conversions(found, Model.FIRST_TOUCH) == {"social": 5.0, "email": 0.0, "phone": 0.0}
    assert conversions(found, Model.LAST_TOUCH) == {"phone": 5.0, "email": 0.0, "social": 0.0}
    assert conversions(found, Model.LINEAR) == {"email": 2.5, "phone": 1.25, "social": 1.25}
    assert conversions(found, Model.U_SHAPED) == pytest.approx({"phone": 2.0, "social": 2.0, "email": 1.0})
    assert conversions(found, Model.SHAPLEY) == pytest.approx({"email": 5 / 3, "phone": 5 / 3, "social": 5 / 3})
    weights = {"social": 2 ** (-9 / 7), "email": 2 ** (-8 / 7) + 2 ** (-7 / 7), "phone": 2 ** (-6 / 7)}
    decayed = {key: 5 * weight / sum(weights.values()) for key, weight in weights.items()}
    assert conversions(found, Model.TIME_DECAY) == pytest.approx(decayed)
    linear = {each.key: each.revenue for each in found.by_model[Model.LINEAR]}
    assert linear == {"email": 250.0, "phone": 125.0, "social": 125.0}
    assert (found.converted, found.not_converted, found.revenue, found.currency) == (5, 0, 500.0, "EUR")


def test_who_did_not_convert_counts_against_a_channel() -> None:
    """Five buy after social, five after e-mail, fifteen others had e-mail and did not buy: Markov knows of them."""
    others = [event(f"o{number}", "2026-03-05", "email.clicked", channel="email") for number in range(15)]
    found = credit(journeys(*buyers("social"), *buyers("email", name="e"), *others), Model.MARKOV)

    assert (found.converted, found.not_converted) == (10, 15)
    assert conversions(found, Model.MARKOV) == pytest.approx({"email": 5.0, "social": 5.0})
    assert {each.key: each.customers for each in found.by_model[Model.MARKOV]} == {"email": 20, "social": 5}


def test_only_touches_of_the_window_before_the_goal_count() -> None:
    """Not what is older, later, internal, or made by a machine; and an order without touches has no credit."""
    told = buyers("social")
    for number in range(5):
        told += [
            event(f"b{number}", "2026-01-01", "ad.clicked", channel="ads"),
            event(f"b{number}", "2026-03-11", "email.clicked", channel="email"),
            event(f"b{number}", "2026-03-09", "deal.created", channel="other", direction="internal"),
            event(f"b{number}", "2026-03-09", "email.opened", channel="email", automated=True),
        ]
    told.append(event("alone", "2026-03-10", "order.placed", amount=10.0, currency="EUR"))
    found = credit(journeys(*told), Model.LINEAR, days=30)

    assert conversions(found, Model.LINEAR) == {"social": 5.0}
    assert (found.converted, found.unattributed, found.revenue) == (6, 1, 510.0)


def test_rare_channels_are_put_together() -> None:
    """Chat touched four, so it is not told; with five of social together they are nine of the others."""
    found = credit(journeys(*buyers("email"), *buyers("chat", many=3, name="c"), *buyers("sms", many=3, name="s")))

    assert conversions(found, Model.LINEAR) == {OTHERS: 6.0, "email": 5.0}


def test_several_currencies_are_not_summed() -> None:
    """Credit in customers is told, in revenue it is not, and the answer says why."""
    found = credit(journeys(*buyers("email"), *buyers("email", name="c", currency="USD")), Model.LINEAR)

    assert (found.revenue, found.by_model[Model.LINEAR][0].revenue) == (None, None)
    assert "EUR, USD" in str(found.no_revenue)
    assert conversions(found, Model.LINEAR) == {"email": 10.0}


def test_an_account_converts_once_with_the_touches_of_its_people() -> None:
    """A colleague's touch leads to the other's order."""
    people = {f"{who}{number}": {"account": f"acme{number}"} for number in range(5) for who in "bx"}
    told = [event(f"x{number}", "2026-03-02", "meeting.held", channel="in_person") for number in range(5)]
    table = journeys(*buyers(), *told, customers=people, accounts={f"acme{number}": {} for number in range(5)})

    assert conversions(credit(table, Model.LINEAR, unit=Unit.ACCOUNT), Model.LINEAR) == {"in_person": 5.0}
    assert credit(table, Model.LINEAR).by_model == {}


def test_too_few_conversions_have_no_credit() -> None:
    """Four who bought, and nobody at all: it is said, not shared out."""
    assert "4 of at least 5" in str(credit(journeys(*buyers("email", many=4))).note)
    assert "0 of at least 5" in str(credit(journeys()).note)


def test_credit_misranks_channels_whose_effects_are_known() -> None:
    """The simulated world as journeys: by every model those with the least effect have the most credit."""
    rng = np.random.default_rng(11)
    ready = rng.random(1_500) < 0.3
    touched = simulated.reached(rng, ready)
    bought = simulated.buys(rng, ready, touched)
    told: list[Told] = []
    for number in range(ready.size):
        for channel in rng.permutation(np.flatnonzero(touched[number])):
            day = 1 + int(rng.integers(0, 20))
            told.append(event(f"w{number}", f"2026-03-{day:02d}", "ad.clicked", channel=simulated.CHANNELS[channel]))
        if bought[number]:
            told.append(event(f"w{number}", "2026-03-25", "order.placed", channel="web"))
    found = credit(journeys(*told))

    for model in Model:
        by_name = conversions(found, model)
        ranked = [by_name[channel] for channel in simulated.CHANNELS]
        assert stats.spearmanr(ranked, simulated.EFFECTS).statistic < -0.3
