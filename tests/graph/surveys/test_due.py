"""Who is asked about what, by journeys that are written down by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.rules import Rules, RulesError, read_rules
from graph.surveys.due import due_invitations
from graph.surveys.rules import SurveyRule, wording
from tests.journeys import Told, event, journeys, ms

EASY = SurveyRule("Easy", "ces", {"en": "Easy?", "de": "Leicht?"}, after_kinds=("ticket.solved",), delay_hours=24)


def asked(*events: Told, rules: Rules | None = None, now: str = "2026-03-10") -> list[tuple[str, str, str]]:
    rules = rules or Rules(survey=(EASY,))
    found = due_invitations(journeys(*events, rules=rules), rules, ms(now))
    return [(due.customer, due.survey.name, due.about) for due in found]


def test_a_survey_waits_for_its_delay_and_forgets_what_is_old() -> None:
    """After a day and for seven more; 23 hours are too soon, nine days too late; another kind asks nothing."""
    found = asked(
        event("ada", "2026-03-09T00:00", "ticket.solved"),
        event("bob", "2026-03-09T01:00", "ticket.solved"),
        event("cleo", "2026-03-01T00:00", "ticket.solved"),
        event("dora", "2026-03-08T00:00", "ticket.created"),
    )

    assert found == [("ada", "Easy", "test/events/0")]


def test_of_several_the_latest_is_asked_about_once() -> None:
    """Two solved tickets are one question, about the later; a second survey does not ask the same customer too."""
    both = Rules(survey=(EASY, SurveyRule("Any", "csat", {"en": "Content?"}, after_kinds=("ticket.solved",))))
    found = asked(event("ada", "2026-03-05", "ticket.solved"), event("ada", "2026-03-08", "ticket.solved"), rules=both)

    assert found == [("ada", "Easy", "test/events/1")]


def test_nobody_is_asked_within_the_quiet_period() -> None:
    """Asked by whatever survey 29 days ago: not again; 31 days ago: again."""
    found = asked(
        event("ada", "2026-02-09T12:00", "survey.sent"),
        event("ada", "2026-03-08", "ticket.solved"),
        event("bob", "2026-02-07", "survey.sent"),
        event("bob", "2026-03-08", "ticket.solved"),
    )

    assert [who for who, _, _ in found] == ["bob"]


def test_a_touchpoint_asks_too_and_nobody_without_events_is_asked() -> None:
    """By the touchpoint's key; an empty company asks nobody."""
    table = journeys(event("ada", "2026-03-08", "ticket.solved"))
    (key,) = table.touchpoints
    at_it = Rules(survey=(SurveyRule("At", "csat", {"en": "Content?"}, after_touchpoints=(key,)),))

    assert len(asked(event("ada", "2026-03-08", "ticket.solved"), rules=at_it)) == 1
    assert asked() == []


def test_the_question_is_worded_in_the_customers_language_or_the_first() -> None:
    """de-AT is asked in German, French in the first language that there is."""
    assert [wording(EASY, locale) for locale in ("de_AT", "fr-FR", None)] == [
        ("de", "Leicht?"),
        ("en", "Easy?"),
        ("en", "Easy?"),
    ]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('metric = "cse"\nafter_kinds = ["ticket.solved"]\nquestion = {en = "?"}', ("'cse'", "Did you mean 'ces'?")),
        ('metric = "ces"\nquestion = {en = "?"}', ("nothing of when", "after_kinds")),
        ('metric = "ces"\nafter_kinds = ["ticket.solved"]\nquestion = {}', ("question is empty",)),
        ('metric = "ces"\nafter_kinds = ["x"]\nquestion = {en = "?"}\nvalid_days = 0', ("valid_days is 0",)),
    ],
)
def test_a_survey_that_makes_no_sense_is_refused(tmp_path: Path, more: str, words: tuple[str, ...]) -> None:
    """The refusal names the file, the section, the value and what to do."""
    file = tmp_path / "rules.toml"
    file.write_text(f'[[survey]]\nname = "A"\n{more}\n')

    with pytest.raises(RulesError) as refused:
        read_rules(file)

    assert [word for word in (str(file), "[[survey]] A", *words) if word not in str(refused.value)] == []
