"""The sections [[survey]] of rules.toml: after what which question is asked, of whom, and how often at most."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

import msgspec

SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "rating": (1, 5)}
"""By metric, the scale on which it is asked."""


class SurveyRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A one-question survey; none ships, `docs/surveys.md` has ready ones.

    It is sent to whoever has consented to `purpose` by e-mail, looked at when it is sent.
    """

    name: str
    metric: str
    question: dict[str, str]
    """The question by language: `{en = "How easy was it?", de = "Wie leicht war es?"}`; the first is for all others."""
    after_kinds: tuple[str, ...] = ()
    """Asked after interactions of these kinds, e.g. `ticket.solved`."""
    after_touchpoints: tuple[str, ...] = ()
    """Asked after interactions at these touchpoints, by their keys."""
    delay_hours: float = 24.0
    """So long after the interaction."""
    within_days: float = 7.0
    """What is longer ago is not asked about any more."""
    quiet_days: float = 30.0
    """Nobody is asked again within so many days, by whatever survey."""
    purpose: str = "surveys"
    """The purpose of the consent that is needed."""
    program: str = "transactional"
    """`transactional`: about the interaction; `relationship`: about everything. The two are never pooled."""
    valid_days: float = 30.0
    """For so long the link may be answered."""


def problems_of(surveys: Sequence[SurveyRule]) -> Iterator[str]:
    """What makes no sense in the sections [[survey]], each with the value and the remedy."""
    names = [survey.name for survey in surveys]
    if len(set(names)) < len(names):
        yield f"two [[survey]] have the same name ({', '.join(names)}). Give each its own: invitations are known by it."
    for survey in surveys:
        where = f"[[survey]] {survey.name}"
        if survey.metric not in SCALES:
            near = difflib.get_close_matches(survey.metric, SCALES, n=1)
            meant = f" Did you mean '{near[0]}'?" if near else ""
            yield f"{where}: metric '{survey.metric}' is not known.{meant} Known: {', '.join(SCALES)}."
        if not survey.after_kinds and not survey.after_touchpoints:
            yield f'{where}: says nothing of when. Give after_kinds, e.g. ["ticket.solved"], or after_touchpoints.'
        if not survey.question or not all(text.strip() for text in survey.question.values()):
            yield f'{where}: question is empty. Write it by language, e.g. question = {{en = "How easy was it?"}}.'
        if survey.program not in ("transactional", "relationship"):
            yield f"{where}: program '{survey.program}' is not known. Known: transactional, relationship."
        if not survey.purpose.strip():
            yield f"{where}: purpose is empty. Name the purpose of the consent, as the sources say it."
        for key, least in (("delay_hours", 0.0), ("quiet_days", 0.0)):
            if not getattr(survey, key) >= least:
                yield f"{where}: {key} is {getattr(survey, key):g}. Give at least {least:g}."
        for key in ("within_days", "valid_days"):
            if not getattr(survey, key) > 0:
                yield f"{where}: {key} is {getattr(survey, key):g}. Give more than 0."


def wording(survey: SurveyRule, locale: str | None) -> tuple[str, str]:
    """The language of a customer's locale in which the survey is worded, else its first; and the question in it."""
    language = (locale or "").replace("_", "-").split("-")[0].lower()
    if language not in survey.question:
        language = next(iter(survey.question))
    return language, survey.question[language]
