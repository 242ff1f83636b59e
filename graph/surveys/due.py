"""Whom to ask about what, over the journeys' columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from graph.alerts.conditions import DAY, HOUR, ids_of
from graph.journeys.journeys import Journeys
from graph.rules import Rules
from graph.surveys.rules import SurveyRule


@dataclass(frozen=True, slots=True)
class Due:
    """A customer who is to be asked about an interaction."""

    survey: SurveyRule
    customer: str
    about: str

    @property
    def id(self) -> str:
        """The invitation's id: one a survey and interaction, 32 hex digits."""
        return blake2b(f"{len(self.survey.name)}:{self.survey.name}{self.about}".encode(), digest_size=16).hexdigest()


def due_invitations(journeys: Journeys, rules: Rules, now: int) -> Iterator[Due]:
    """Each customer at most once, about their latest interaction that a survey asks about, survey by survey.

    Left out is who was asked by anybody within the survey's quiet period, and what has been answered already.
    """
    view = journeys.view(as_of=now)
    asked = view.kinds("survey.sent")
    last_asked = view.last_by_unit(asked)
    asked_at = np.where(last_asked >= 0, view.at[last_asked], np.iinfo(np.int64).min) if len(view) else None
    taken = np.zeros(len(view.members), np.bool_)
    for survey in rules.survey:
        if asked_at is None:
            return
        fits = view.kinds(*survey.after_kinds) | view.coded("touchpoint").among(*survey.after_touchpoints)
        age = now - view.at
        fits &= (age >= survey.delay_hours * HOUR) & (age <= survey.within_days * DAY + survey.delay_hours * HOUR)
        latest = view.last_by_unit(fits)
        quiet = asked_at > now - survey.quiet_days * DAY
        chosen = np.flatnonzero((latest >= 0) & ~quiet & ~taken)
        taken[chosen] = True
        customers = journeys.customer_ids(chosen.astype(np.int64))
        for customer, about in zip(customers, ids_of(view, latest[chosen]), strict=True):
            yield Due(survey, customer, about)
