"""What customers say, what came before low scores, and the words of their comments, by hand."""

from __future__ import annotations

from datetime import date
from math import log, sqrt

import pytest

from graph.figures.low_scores import Heard, heard, steps_before, themes_of
from graph.figures.scope import Scope
from graph.journeys.journeys import Journeys
from graph.journeys.period import Period
from tests.journeys import Told, answer, event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def scope(table: Journeys) -> Scope:
    return Scope(table.view(as_of=ms("2026-07-01")), MARCH, ms("2026-07-01"))


def said(name: str, score: float, words: str | None, many: int, *kinds: str) -> list[Told]:
    """So many customers with these steps from the first of March on, who answer on the tenth."""
    told: list[Told] = []
    for number in range(many):
        who = f"{name}{number}"
        told += [event(who, f"2026-03-{day:02d}", kind) for day, kind in enumerate(kinds, start=1)]
        told.append(answer(who, "2026-03-10", "csat", score, comment=words))
    return told


def test_answers_are_of_one_program_and_scale() -> None:
    """Of ten on five points and three on two, the ten are heard; four of five is good, three is not."""
    more = [answer(f"x{number}", "2026-03-10", "csat", 1, scale_min=0, scale_max=1) for number in range(3)]
    found = heard(scope(journeys(*said("a", 4, None, 6), *said("b", 3, None, 4), *more)), "csat", None)

    assert (len(found.answers), found.others, int(found.low.sum()), found.program) == (10, 3, 4, "transactional")


def test_steps_before_low_scores_are_held_against_those_before_others() -> None:
    """A reopened ticket was within the last two steps of six of six low and of one of six other answers."""
    table = journeys(
        *said("low", 1, None, 6, "page.viewed", "ticket.created", "ticket.reopened"),
        *said("good", 5, None, 5, "ticket.reopened", "page.viewed", "ticket.created"),
        *said("odd", 5, None, 1, "page.viewed", "ticket.created", "ticket.reopened"),
    )
    steps = {step.touchpoint.split(":")[0]: step for step in steps_before(scope(table), _heard(table), 2)}

    reopened = steps["ticket.reopened"]
    assert (reopened.low, reopened.other, reopened.lift) == (6, 1, pytest.approx(6.0))
    assert reopened.difference.value == pytest.approx(1 - 1 / 6)
    assert steps["ticket.created"].difference.value == 0.0
    assert "page.viewed" not in steps


def test_words_of_low_scores_are_told_by_their_log_odds() -> None:
    """Slow answers of eight, quick ones of eight: z by Monroe's formula, by hand; 'answer' itself parts nothing."""
    table = journeys(*said("low", 1, "Slow, answer!", 8), *said("good", 5, "quick answer", 8))
    ((language, (many, themes)),) = themes_of(scope(table), _heard(table)).items()

    # Of each side 24 terms (two words and the pair); prior 24 words: 4 for what eight said, 8 for 'answer'.
    odds = log((8 + 4) / (24 + 24 - 8 - 4)) - log((0 + 4) / (24 + 24 - 0 - 4))
    expected = odds / sqrt(1 / (8 + 4) + 1 / (0 + 4))
    by_text = {theme.text: theme for theme in themes}
    assert (language, many) == ("und", 16)
    assert expected > 1.96
    assert by_text["slow"].z == pytest.approx(expected)
    assert by_text["quick"].z == pytest.approx(-expected)
    assert (by_text["slow answer"].customers, by_text["slow answer"].other) == (8, 0)
    assert "answer" not in by_text


def test_languages_are_apart_and_few_customers_say_nothing() -> None:
    """Ten Germans and four Swedes: the themes of four are not told."""
    people = {f"{name}{n}": {"locale": locale} for name, locale in (("de", "de-AT"), ("sv", "sv")) for n in range(20)}
    table = journeys(
        *said("de", 1, "langsam langsam", 10),
        *(answer(f"de{n}", "2026-03-10", "csat", 5, comment="schnell") for n in range(10, 20)),
        *said("sv", 1, "trög", 4),
        *(answer(f"sv{n}", "2026-03-10", "csat", 5, comment="snabb") for n in range(4, 8)),
        customers=people,
    )
    told = themes_of(scope(table), _heard(table))

    assert {theme.text for theme in told["de"][1]} >= {"langsam", "schnell"}
    assert told["sv"] == (8, [])


def test_nobody_said_anything() -> None:
    """No answers, and answers without words: no steps, no themes."""
    mute = journeys(*said("low", 1, None, 6), *said("good", 5, None, 6))

    assert themes_of(scope(mute), _heard(mute)) == {}
    assert steps_before(scope(mute), _heard(mute), 3) == []
    nobody = heard(scope(journeys()), "nps", None)
    assert (len(nobody.answers), steps_before(scope(journeys()), nobody, 3)) == (0, [])


def _heard(table: Journeys) -> Heard:
    return heard(scope(table), "csat", None)
