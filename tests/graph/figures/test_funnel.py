"""Funnels: the longest chain from any start, against trying every combination of interactions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import combinations, pairwise
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.figures.figure import Unavailable
from graph.figures.funnel import FunnelOrder, FunnelRules, FunnelStep, chains, funnel, funnel_by
from graph.figures.groups import Dimension
from graph.figures.scope import Scope
from graph.journeys.journeys import Journeys
from graph.journeys.period import Period
from graph.journeys.view import Unit
from tests.journeys import event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))
DAY = 86_400_000
KINDS = {"a": "page.viewed", "b": "form.submitted", "c": "deal.created", "x": "email.replied"}


def scope(table: Journeys, as_of: str = "2026-07-01", unit: Unit = Unit.CUSTOMER) -> Scope:
    return Scope(table.view(unit, ms(as_of)), MARCH, ms(as_of))


def rules(steps: str = "abc", days: float = 10, order: FunnelOrder = FunnelOrder.ORDERED) -> FunnelRules:
    return FunnelRules(tuple(FunnelStep(step, (KINDS[step],)) for step in steps), int(days * DAY), order)


def table(*paths: str, kept_apart: float = 1) -> Journeys:
    """Customers 0, 1, …, each with steps a day apart from the second of March on; a dot is a day without any."""
    begin = date(2026, 3, 2)
    return journeys(
        *(
            event(str(who), str(begin + timedelta(days=number * kept_apart)), KINDS[step])
            for who, path in enumerate(paths)
            for number, step in enumerate(path)
            if step != "."
        )
    )


PATHS = st.lists(st.text("abcx.", max_size=9), min_size=1, max_size=3)


@settings(max_examples=30, deadline=None)
@given(
    paths=PATHS,
    steps=st.sampled_from(["abc", "ab", "aba", "bc"]),
    days=st.integers(1, 6),
    order=st.sampled_from(FunnelOrder),
)
def test_the_longest_chain_from_any_start_counts(paths: list[str], steps: str, days: int, order: FunnelOrder) -> None:
    """Of each customer the level that the best of all combinations of their interactions reaches."""
    best = chains(scope(table(*paths)), rules(steps, days, order)).best()

    ids = best.rows.journeys.customer_ids(best.unit.astype(np.int64))
    found = {int(who): int(level) for who, level in zip(ids, best.level, strict=True)}
    expected = {who: _longest(path, steps, days, order) for who, path in enumerate(paths)}
    assert found == {who: level for who, level in expected.items() if level}


def _longest(path: str, steps: str, days: int, order: FunnelOrder) -> int:
    """How many steps the longest chain has, by trying all."""
    told = [(day, step) for day, step in enumerate(path) if step != "."]
    if order is FunnelOrder.ANY:
        windows = [{s for d, s in told if begin <= d <= begin + days} for begin, step in told if step in steps]
        return max((sum(step in window for step in steps) for window in windows), default=0)
    for length in range(len(steps), 0, -1):
        for chosen in combinations(range(len(told)), length):
            days_of, names = [told[n][0] for n in chosen], "".join(told[n][1] for n in chosen)
            if (
                names == steps[:length]
                and days_of[-1] - days_of[0] <= days
                and (order is FunnelOrder.ORDERED or _nothing_between(told, chosen))
            ):
                return length
    return 0


def _nothing_between(told: Sequence[tuple[int, str]], chosen: Sequence[int]) -> bool:
    """Between two steps of a chain there are only repeats of the first of them."""
    return all({step for _, step in told[one + 1 : two]} <= {told[one][1]} for one, two in pairwise(chosen))


def test_a_funnel_tells_shares_and_medians() -> None:
    """Eight start, six have the second step, five of them within the window have the third."""
    found = funnel(chains(scope(table(*["abc"] * 4, "a.b.c", "ab", "ax", "a")), rules()))

    assert [level.entered for level in found.levels] == [8, 6, 5]
    assert found.levels[1].from_start.value == 75.0
    third = found.levels[2]
    assert third.from_previous is not None
    assert third.from_previous.value == pytest.approx(100 * 5 / 6)
    # Wilson 1927 at z = 1.96 for 5 of 6: 0.4365 to 0.9699.
    assert third.from_previous.low == pytest.approx(43.65, abs=0.01)
    assert third.from_previous.high == pytest.approx(96.99, abs=0.01)
    assert third.seconds is not None
    assert third.seconds.value == median([86400] * 4 + [2 * 86400])


def test_starts_whose_window_is_not_over_are_apart() -> None:
    """As of the eighth of March the windows of five days from the second are over, that of the sixth is not."""
    found = table(*["abc"] * 5, "....ab", "a...ab")
    as_of = funnel(chains(scope(found, "2026-03-08"), rules(days=5)))
    early = funnel(chains(scope(found, "2026-03-04"), rules(days=5)))

    assert (as_of.entered, as_of.immature) == (6, 1)
    assert [level.entered for level in as_of.levels] == [6, 6, 5]
    assert (early.entered, early.immature) == (0, 6)
    assert early.levels[0].from_start.unavailable is Unavailable.IMMATURE


def test_a_chain_may_go_on_after_the_period() -> None:
    """It starts on the last of March and ends in April; what starts in April does not count."""
    late = journeys(
        *(event(who, "2026-03-31", KINDS["a"]) for who in "pqrst"),
        *(event(who, "2026-04-02", KINDS["b"]) for who in "pqrst"),
        event("u", "2026-04-01", KINDS["a"]),
    )

    assert [level.entered for level in funnel(chains(scope(late), rules("ab"))).levels] == [5, 5]


def test_machines_take_no_step_and_nobody_is_no_funnel() -> None:
    """What is automated is no start; of no journey at all there is no share."""
    machine = journeys(event("p", "2026-03-02", KINDS["a"], automated=True))

    assert funnel(chains(scope(machine), rules())).entered == 0
    nobody = funnel(chains(scope(journeys()), rules()))
    assert nobody.levels[0].from_start.unavailable is Unavailable.NO_DATA_IN_PERIOD


def test_groups_are_by_the_start_or_by_the_customer() -> None:
    """Starts by web and by phone; customers of two countries; a group's steps are by whatever channel."""
    events = []
    for number in range(11):
        events.append(event(str(number), "2026-03-02", KINDS["a"], channel="web" if number < 6 else "phone"))
        if number % 2:
            events.append(event(str(number), "2026-03-03", KINDS["b"], channel="email"))
    countries = {str(number): {"country": "DE" if number < 5 else "FR"} for number in range(11)}
    asked = scope(journeys(*events, customers=countries))
    found = chains(asked, rules("ab"))

    by_channel = {
        key: [level.entered for level in each.levels] for key, _, each in funnel_by(asked, found, Dimension.CHANNEL, 10)
    }
    by_country = {
        key: [level.entered for level in each.levels] for key, _, each in funnel_by(asked, found, Dimension.COUNTRY, 10)
    }
    assert by_channel == {"web": [6, 3], "phone": [5, 2]}
    assert by_country == {"FR": [6, 3], "DE": [5, 2]}


def test_an_account_goes_on_where_its_people_do() -> None:
    """One colleague starts, another takes the next step: the account has both."""
    people = {who: {"account": "acme"} for who in "pq"}
    both = journeys(
        event("p", "2026-03-02", KINDS["a"]),
        event("q", "2026-03-03", KINDS["b"]),
        customers=people,
        accounts={"acme": {}},
    )

    assert [level.entered for level in funnel(chains(scope(both, unit=Unit.ACCOUNT), rules("ab"))).levels] == [1, 1]
    assert [level.entered for level in funnel(chains(scope(both), rules("ab"))).levels] == [1, 0]
