"""Retention by cohort, growth accounting and reactivation, by hand."""

from __future__ import annotations

from datetime import date

import pytest

from graph.figures.activity import growth, period_retention, quick_ratio, reactivation_rate
from graph.figures.figure import Unavailable
from graph.figures.retention import retention, retention_cohorts, retention_on
from graph.figures.scope import Scope
from graph.journeys.period import Granularity, Period
from tests.journeys import Told, event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def scope(*events: Told, period: Period = MARCH, as_of: str = "2026-07-01") -> Scope:
    return Scope(journeys(*events).view(as_of=ms(as_of)), period, ms(as_of))


def seen(who: str, *days: str) -> list[Told]:
    return [event(each, day, "page.viewed") for each in who for day in days]


def test_growth_is_told_apart() -> None:
    """February knew a to f. In March a, b, c are back, x, y, z new, r was here in January; d, e and f are lost."""
    told = [*seen("abcdef", "2026-02-10"), *seen("abcxyz", "2026-03-10"), *seen("r", "2026-01-10", "2026-03-10")]
    told += [event("d", "2026-03-11", "email.opened", automated=True)]
    found = growth(scope(*told))

    assert (found.new, found.retained, found.resurrected, found.dormant) == (3, 3, 1, 3)
    assert quick_ratio.figure(scope(*told)).value == pytest.approx(4 / 3)
    assert period_retention.figure(scope(*told)).value == 50.0


def test_a_ratio_to_nobody_is_none() -> None:
    """Nobody was lost; or nobody was there at all."""
    assert quick_ratio.figure(scope(*seen("abcdef", "2026-03-10"))).unavailable is Unavailable.NOT_ESTIMABLE
    assert quick_ratio.figure(scope(*seen("a", "2020-03-10"))).unavailable is Unavailable.NO_DATA_IN_PERIOD


def test_reactivated_is_who_was_dormant_and_came_back() -> None:
    """Six were here in October; two come back in March. Who was here in February is not dormant."""
    told = [*seen("abcdef", "2025-10-10"), *seen("ab", "2026-03-10"), *seen("g", "2025-10-10", "2026-02-20")]
    figure = reactivation_rate.figure(scope(*told))

    assert (figure.value, figure.sample_size) == pytest.approx((100 * 2 / 6, 6))


def test_retention_counts_those_who_are_old_enough() -> None:
    """Six new in March: two come back after 32 days, one after 50, one after ten only. As of the tenth of April the
    one of the 29th cannot be judged yet."""
    told = [
        *seen("abcdef", "2026-03-01"),
        *seen("ab", "2026-04-02"),
        *seen("c", "2026-04-20"),
        *seen("d", "2026-03-11"),
    ]
    told += seen("g", "2026-03-29")

    assert retention.figure(scope(*told)).value == pytest.approx(100 * 3 / 7)
    assert retention_on.figure(scope(*told)).value == pytest.approx(100 * 2 / 7)
    early = retention.figure(scope(*told, as_of="2026-04-10"))
    assert (early.value, early.sample_size, early.coverage) == pytest.approx((100 * 2 / 6, 6, 6 / 7))
    assert retention.figure(scope(*told, as_of="2026-03-15")).unavailable is Unavailable.IMMATURE


def test_cohorts_make_a_triangle() -> None:
    """Six of January: four in February, three in March; five of February: one in March, which is not over."""
    first = Period(date(2026, 1, 1), date(2026, 5, 1))
    told = [*seen("abcdef", "2026-01-05"), *seen("abcd", "2026-02-05"), *seen("abf", "2026-03-05")]
    told += [*seen("vwxyz", "2026-02-10"), *seen("v", "2026-03-03", "2026-03-04")]
    on = retention_cohorts(scope(*told, period=first, as_of="2026-03-10"), Granularity.MONTH)
    later = retention_cohorts(scope(*told, period=first, as_of="2026-03-10"), Granularity.MONTH, on_or_after=True)

    assert [(cohort.size, [each.returned for each in cohort.periods]) for cohort in on] == [
        (6, [6, 4, 3]),
        (5, [5, 1]),
        (0, [0]),
        (0, []),
    ]
    assert [each.returned for each in later[0].periods] == [6, 5, 3]
    assert [each.is_complete for each in on[0].periods] == [True, True, False]
    assert on[0].periods[1].figure.value == pytest.approx(100 * 4 / 6)


def test_a_cohort_of_a_few_tells_nothing() -> None:
    """Of four customers nothing is told."""
    period = Period(date(2026, 1, 1), date(2026, 3, 1))
    (first, _) = retention_cohorts(scope(*seen("abcd", "2026-01-05"), period=period), Granularity.MONTH)

    assert first.periods[0].figure.unavailable is Unavailable.SAMPLE_TOO_SMALL
    assert first.periods[0].returned == 0
