"""Journey maps and promises by hand, and rules that cannot be meant."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from graph.figures.figure import Unavailable
from graph.figures.scope import Scope
from graph.journeys.period import Period
from graph.journeys.view import Unit
from graph.maps.held import MapHeld, held
from graph.maps.promises import promises
from graph.maps.rules import JourneyMapRule, MapStep, PromiseRule
from graph.rules import Rules, RulesError, read_rules
from tests.journeys import answer, event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))
PLAN = JourneyMapRule(
    "help",
    "Help",
    "greta",
    (
        MapStep(name="form", kinds=("form.submitted",), inputs=("email", "name"), function="marketing"),
        MapStep(name="asks", kinds=("ticket.created",), function="sales"),
        MapStep(
            name="helped",
            kinds=("ticket.solved",),
            outcome_kinds=("order.placed",),
            within_days=10,
            emotion_metric="csat",
            emotion_at_least=4,
            target=50.0,
        ),
    ),
)
RULES = Rules(
    journey_map=(PLAN,),
    promise=(
        PromiseRule("joy", "You will be glad.", kpi="csat", threshold=90.0),
        PromiseRule("glad", "You will be glad of it.", "csat", 50.0, touchpoints=("ticket solved by email",)),
        PromiseRule("loyal", "You will tell others.", kpi="nps_relationship", threshold=20.0),
    ),
)


@pytest.fixture(scope="module")
def scope() -> Scope:
    """Ten people: all ask, six of them sent a form before, eight are helped; six of these order within ten days.

    One sends the form after asking; nine ask by telephone in between, which is not planned. Eight say how it was, two
    of them also that it was bad, on another scale.
    """
    people = [f"p{n}" for n in range(10)]
    forms = [
        event(who, "2026-03-02" if n else "2026-03-06", "form.submitted", requested_fields=["email", "shoe_size"])
        for n, who in enumerate(people[:6])
    ]
    asked = [event(who, "2026-03-05", "ticket.created", ticket=f"t/{who}") for who in people]
    calls = [event(who, "2026-03-06", "call.made", channel="phone") for who in people[:9]]
    solved = [event(who, "2026-03-10", "ticket.solved", ticket=f"t/{who}") for who in people[:8]]
    orders = [event(who, "2026-03-15" if n < 6 else "2026-03-25", "order.placed") for n, who in enumerate(people[:8])]
    said = [answer(who, "2026-03-11", "csat", 5 if n < 6 else 2, ticket=f"t/{who}") for n, who in enumerate(people[:8])]
    bad = [answer(who, "2026-03-12", "csat", 0, scale_min=0, scale_max=1, ticket=f"t/{who}") for who in people[:2]]
    stranger = event("stranger", "2026-03-03", "email.sent")
    table = journeys(*forms, *asked, *calls, *solved, *orders, *said, *bad, stranger, rules=RULES)
    return Scope(table.view(as_of=ms("2026-06-01")), MARCH, ms("2026-06-01"))


@pytest.fixture(scope="module")
def found(scope: Scope) -> MapHeld:
    return held(PLAN, scope)


def test_who_made_and_who_skipped_a_step(found: MapHeld) -> None:
    """Ten travellers: six sent the form, of whom all went further; four skipped it; nobody can skip the last."""
    form, asks, helped = found.steps

    assert found.travellers == 10
    assert (form.made, form.reached.value) == (6, pytest.approx(60.0))
    assert (form.skipped.value, form.skipped.sample_size) == (pytest.approx(40.0), 10)
    assert asks.skipped.value == 0.0
    assert helped.skipped.unavailable is Unavailable.NO_DATA_IN_PERIOD


def test_coverage_order_and_what_nobody_planned(found: MapHeld) -> None:
    """24 of 30 steps; nine of ten in order; calls, orders and answers are not planned."""
    assert found.coverage.value == pytest.approx(100 * 24 / 30)
    assert found.in_order.value == pytest.approx(90.0)
    assert found.planned.value == pytest.approx(100 * 24 / (24 + 9 + 8 + 8 + 2))
    assert next((each.label, each.customers) for each in found.unexpected) == ("call made by phone", 9)


def test_outcomes_and_emotions_against_the_target(found: MapHeld) -> None:
    """Six of eight ordered within ten days: above half; six of eight were glad."""
    helped = found.steps[2]

    assert (helped.outcome.value, helped.outcome.sample_size) == (75.0, 8)
    assert (helped.emotion.value, helped.is_met) == (75.0, True)
    assert (found.outcomes_met, found.outcomes_known) == (1, 1)


def test_inputs_and_owners(found: MapHeld) -> None:
    """The form asks for a shoe size, which is not planned, and not for the name, which is; service asks, not sales."""
    form, asks, _ = found.steps

    assert [(each.key, each.customers) for each in form.asked_beyond] == [("shoe_size", 6)]
    assert form.not_asked == ("name",)
    assert (form.by_owner.value, asks.by_owner.value) == (100.0, 0.0)


def test_an_outcome_whose_time_is_not_over_is_not_counted(scope: Scope) -> None:
    """As of three days after the help nobody's ten days are over."""
    then = ms("2026-03-13")
    early = held(PLAN, Scope(scope.view.until(then), MARCH, then)).steps[2]

    assert early.outcome.unavailable is Unavailable.IMMATURE
    assert early.is_met is None


def test_an_account_makes_the_steps_that_its_people_make() -> None:
    """One sends the form, a colleague asks: five such accounts made two of three steps, in order."""
    told = [
        each
        for n in range(5)
        for each in (
            event(f"p{n}", "2026-03-02", "form.submitted"),
            event(f"q{n}", "2026-03-03", "ticket.created", ticket=f"t/{n}"),
        )
    ]
    people = {f"{letter}{n}": {"account": f"a{n}"} for n in range(5) for letter in "pq"}
    table = journeys(*told, customers=people, accounts={f"a{n}": {} for n in range(5)}, rules=RULES)
    now = ms("2026-05-01")
    found = held(PLAN, Scope(table.view(Unit.ACCOUNT, now), MARCH, now))

    assert (found.travellers, [step.made for step in found.steps]) == (5, [5, 5, 0])
    assert found.coverage.value == pytest.approx(200 / 3)
    assert found.in_order.value == 100


def test_a_map_without_travellers_divides_by_nothing() -> None:
    """Nobody is on the way."""
    none = held(PLAN, Scope(journeys(rules=RULES).view(), MARCH, ms("2026-06-01")))

    assert (none.travellers, none.coverage.value, none.unexpected) == (0, None, ())


def test_a_promise_is_held_against_what_is_perceived(scope: Scope) -> None:
    """75 % where 90 were promised; at the touchpoint 50 were; nobody was asked for NPS."""
    joy, glad, loyal = promises(scope)

    assert (joy.promise.name, joy.gap, joy.is_kept, joy.is_certain) == ("joy", pytest.approx(15.0), False, False)
    assert (glad.promise.name, glad.gap, glad.is_kept) == ("glad", pytest.approx(-25.0), True)
    assert (loyal.perceived.value, loyal.gap, loyal.is_kept) == (None, None, None)


STEP = '[[journey_map]]\nname = "m"\ntitle = "M"\npersona = "p"\n[[journey_map.steps]]\nname = "s"\n'
PERSONA = '[[persona]]\nname = "p"\ntitle = "P"\nsegment = "best_customers"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (STEP, "persona: 'p' is not known"),
        (PERSONA + STEP, "where does it happen"),
        (PERSONA + STEP + 'kinds = ["x"]\nstage = "leed"', "stage: 'leed' is not known"),
        (PERSONA + STEP + 'kinds = ["x"]\ntarget = 50.0', "target of what"),
        (PERSONA + STEP + 'kinds = ["x"]\nemotion_metric = "csat"', "belong together"),
        (PERSONA + STEP + 'kinds = ["x"]\noutcome_kinds = ["y"]\ntarget = 500.0', "no share in percent"),
        (PERSONA + '[[journey_map]]\nname = "m"\ntitle = "M"\npersona = "p"\nsteps = []', "it has no step"),
    ],
)
def test_a_map_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """The refusal names what is wrong and what to write."""
    path = tmp_path / "rules.toml"
    path.write_text(text)

    with pytest.raises(RulesError, match=says):
        read_rules(path)
