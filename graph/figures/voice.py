"""The voice of the customer in figures: NPS, CSAT, CES, stars.

Relationship and transactional answers are never pooled; scales are never mixed. By function, channel or touchpoint
only transactional answers can be told, because those are about one: what counts then is the interaction that an
answer is about, not the survey itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.estimates.average import mean
from graph.estimates.proportion import net_promoter_score, proportion
from graph.figures.figure import Figure, KpiUnit, Unavailable, kpi, none
from graph.figures.scope import Scope
from graph.figures.steps import numbered
from graph.journeys.part import places
from graph.journeys.view import Mask, View

_NPS = "Reichheld 2003; interval: Rocks 2016. NPS is a registered trade mark."
_NPS_INTERVAL = "https://arxiv.org/abs/1601.07235"


@dataclass(frozen=True, slots=True)
class Answers:
    """Scores of one metric: by answer, its row in `view`, the score and the ends of its scale."""

    view: View
    rows: NDArray[np.int64]
    score: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def where(self, chosen: Mask) -> Answers:
        """Only these answers."""
        return Answers(self.view, self.rows[chosen], self.score[chosen], self.low[chosen], self.high[chosen])

    def __len__(self) -> int:
        return len(self.rows)

    def on_scale(self, low: float, high: float) -> Answers:
        """Only those given on this scale."""
        return self.where((self.low == low) & (self.high == high))


def answers(scope: Scope, metric: str, program: str | None = None) -> Answers:
    """The answers of the period; with a program only those that say so. A score outside its scale is no answer, nor
    is one of NPS that is no whole number: its groups have none between them.

    An answer that says no scale is taken to be on the usual one of its metric.
    """
    view = scope.view
    rows = rows_of(view, metric)
    at = view.at[rows]
    chosen = (at >= scope.period.start_ms) & (at < scope.period.end_ms) & ~np.isnan(view.numbers("score")[rows])
    if program is not None:
        chosen &= view.coded("program").take(rows).among(program)
    if scope.only.narrows:
        chosen &= _about_what_fits(scope, rows)
    rows = rows[chosen]
    usual_low, usual_high = USUAL[metric]
    low, high = view.numbers("scale_min")[rows], view.numbers("scale_max")[rows]
    low, high = np.where(np.isnan(low), usual_low, low), np.where(np.isnan(high), usual_high, high)
    found = Answers(view, rows, view.numbers("score")[rows], low, high)
    is_answer = (found.score >= low) & (found.score <= high)
    return found.where(is_answer & (np.floor(found.score) == found.score) if metric == "nps" else is_answer)


def rows_of(view: View, metric: str) -> NDArray[np.int64]:
    """The rows that are of a metric: they are few, so that the rest is asked of them alone."""
    return view.once(("rows of", metric), lambda: np.flatnonzero(view.coded("metric").among(metric)))


USUAL = {"nps": (0.0, 10.0), "csat": (1.0, 5.0), "ces": (1.0, 7.0), "rating": (1.0, 5.0)}
"""The scale of a metric unless an answer says another."""


def of_one_survey(found: Answers) -> tuple[Answers, str | None]:
    """The answers of the program and scale of most of them, and that program: surveys and scales are never pooled."""
    if not len(found):
        return found, None
    program = found.view.coded("program")
    surveys, which = surveys_of(program.codes[found.rows], found.low, found.high)
    most = int(np.bincount(which).argmax())
    code = surveys[most][0]
    return found.where(which == most), program.values[code] if code >= 0 else None


def surveys_of(
    program: NDArray[np.int32], low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[list[tuple[int, float, float]], NDArray[np.int64]]:
    """The different programs (codes) and scales of answers, ascending; by answer, the place of its own among them."""
    (lows, low_place), (highs, high_place) = _ranked(low), _ranked(high)
    combined = ((program + np.int64(1)) * len(lows) + low_place) * len(highs) + high_place
    different, which = numbered(combined, int(combined.max(initial=0)) + 1)
    place, last = np.divmod(different, max(1, len(highs)))
    code, middle = np.divmod(place, max(1, len(lows)))
    return list(zip((code - 1).tolist(), lows[middle].tolist(), highs[last].tolist(), strict=True)), which


def _ranked(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The different values, ascending, of which there are few; by row, the place of its own among them."""
    encoded: Any = pa.array(values).dictionary_encode()  # hashing, where numpy would sort
    different = encoded.dictionary.to_numpy()
    order = np.argsort(different)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return different[order], place[encoded.indices.to_numpy()]


def latest_of_each(found: Answers) -> Answers:
    """Of each customer (or account) the latest answer."""
    unit = found.view.unit[found.rows]
    last = np.ones(len(unit), np.bool_)
    last[:-1] = unit[1:] != unit[:-1]
    return found.where(last)


@kpi(
    "nps_relationship",
    "Net Promoter Score, relationship",
    KpiUnit.POINTS,
    numerator="promoters (9 and 10) less detractors (0 to 6), each customer by their latest answer in the period",
    denominator="customers with an answer in the period",
    source=_NPS,
    source_url=_NPS_INTERVAL,
)
def nps_relationship(scope: Scope) -> Figure:
    """How much more often customers would recommend the company than not: 100 (promoters - detractors) / n, of
    relationship surveys."""
    if scope.only.narrows:
        return none(
            Unavailable.NOT_CONFIGURED,
            "A relationship answer is about the whole company, not about a function, channel or touchpoint.",
        )
    return _net_promoters(latest_of_each(answers(scope, "nps", "relationship").on_scale(0, 10)))


@kpi(
    "nps_transactional",
    "Net Promoter Score, transactional",
    KpiUnit.POINTS,
    numerator="answers of 9 and 10 less answers of 0 to 6",
    denominator="transactional answers in the period",
    source=_NPS,
    source_url=_NPS_INTERVAL,
)
def nps_transactional(scope: Scope) -> Figure:
    """The Net Promoter Score of transactional surveys, each answer counted: 100 (promoters - detractors) / n."""
    return _net_promoters(answers(scope, "nps", "transactional").on_scale(0, 10))


@kpi(
    "csat",
    "Customer satisfaction",
    KpiUnit.PERCENT,
    numerator="answers of 4 and 5",
    denominator="answers on a scale from 1 to 5",
    source="contact-centre practice: top two boxes; interval: Wilson 1927",
)
def csat(scope: Scope) -> Figure:
    """The share of satisfied answers on a five-point scale. Answers of good or bad are `csat_binary`: never one
    series."""
    found = answers(scope, "csat")
    five = found.on_scale(1, 5)
    return _share_from(five, 4, others=len(found) - len(five))


@kpi(
    "csat_binary",
    "Customer satisfaction, good or bad",
    KpiUnit.PERCENT,
    numerator="answers of good",
    denominator="answers of good or bad",
    source="Zendesk; interval: Wilson 1927",
)
def csat_binary(scope: Scope) -> Figure:
    """The share of good answers where customers may say only good or bad."""
    found = answers(scope, "csat")
    two = found.where(found.high - found.low == 1)
    return _share_from(two, None, others=len(found) - len(two))


@kpi(
    "ces",
    "Customer Effort Score 2.0",
    KpiUnit.PERCENT,
    numerator="answers of 5 to 7 to 'the company made it easy'",
    denominator="answers on a scale from 1 to 7",
    source="Dixon, Toman, DeLisi 2013; interval: Wilson 1927",
)
def ces(scope: Scope) -> Figure:
    """The share of customers for whom it was easy. CES 1.0 (1 to 5, low is good) is another question and is refused,
    never rescaled."""
    found = answers(scope, "ces")
    seven = found.on_scale(1, 7)
    return _share_from(seven, 5, others=len(found) - len(seven))


@kpi(
    "ces_mean",
    "Customer Effort Score 2.0, mean",
    KpiUnit.SCORE,
    numerator="sum of the scores from 1 to 7",
    denominator="answers on a scale from 1 to 7",
    source="Dixon, Toman, DeLisi 2013; interval: Student's t",
)
def ces_mean(scope: Scope) -> Figure:
    """The mean answer to 'the company made it easy' from 1 to 7; read the share first."""
    return Figure.of(mean(answers(scope, "ces").on_scale(1, 7).score))


@kpi(
    "rating",
    "Rating",
    KpiUnit.SCORE,
    numerator="sum of the stars",
    denominator="ratings from 1 to 5 stars",
    source="practice; interval: Student's t",
)
def rating(scope: Scope) -> Figure:
    """The mean of stars from 1 to 5, of reviews; stars are not CSAT."""
    return Figure.of(mean(answers(scope, "rating").on_scale(1, 5).score))


@kpi(
    "response_rate",
    "Response rate of surveys",
    KpiUnit.PERCENT,
    numerator="invitations of the period that were answered, whenever",
    denominator="survey invitations sent in the period",
    source="survey practice (AAPOR RR1, all invitations eligible); interval: Wilson 1927",
)
def response_rate(scope: Scope) -> Figure:
    """The share of survey invitations that were answered, by their token; an invitation without a token counts as
    answered when its customer answered within 30 days and before the next invitation."""
    view = scope.view
    rows, answered = view.once("invitations", lambda: _invitations(view))
    at = view.at[rows]
    asked = (at >= scope.period.start_ms) & (at < scope.period.end_ms)
    if scope.only.narrows:
        asked &= scope.only.fits(view)[rows]
    return Figure.of(proportion(int((asked & answered).sum()), int(asked.sum())), factor=100)


def score_of(found: Answers, key: str) -> Figure:
    """The figure of these answers as `nps_transactional`, `csat`, `csat_binary`, `ces` or `rating` defines it."""
    match key:
        case "nps_transactional":
            return _net_promoters(found.on_scale(0, 10))
        case "csat":
            return _share_from(found.on_scale(1, 5), 4, others=0)
        case "csat_binary":
            return _share_from(found.where(found.high - found.low == 1), None, others=0)
        case "ces":
            return _share_from(found.on_scale(1, 7), 5, others=0)
        case _:
            return Figure.of(mean(found.on_scale(1, 5).score))


KPIS = (nps_relationship, nps_transactional, csat, csat_binary, ces, ces_mean, rating, response_rate)
WITHIN_MS = 30 * 86_400_000


def _net_promoters(found: Answers) -> Figure:
    promoters, detractors = int((found.score >= 9).sum()), int((found.score <= 6).sum())
    return Figure.of(net_promoter_score(promoters, len(found) - promoters - detractors, detractors))


def _share_from(found: Answers, least: float | None, others: int) -> Figure:
    """The share of answers of at least `least`, or at the upper end of the scale; `others` are on another scale."""
    if not len(found) and others:
        return none(
            Unavailable.MIXED_SCALES, f"All {others} answers of the period are on another scale; none is rescaled."
        )
    good = found.score == found.high if least is None else found.score >= least
    return Figure.of(proportion(int(good.sum()), len(found)), factor=100)


def _about_what_fits(scope: Scope, rows: NDArray[np.int64]) -> Mask:
    """Of these rows of the view, which are transactional answers about an interaction that fits."""
    view = scope.view
    about = view.once(("about", scope.only), lambda: view.is_about(scope.only.fits(view), view))
    return about[rows] & ~view.coded("program").take(rows).among("relationship")


def _invitations(view: View) -> tuple[NDArray[np.int64], Mask]:
    """The rows that are invitations, and whether each was answered."""
    sent, answer = view.kinds("survey.sent"), view.kinds("survey.answered")
    rows = np.flatnonzero(sent | answer)
    is_sent, unit, at = sent[rows], view.unit[rows], view.at[rows]
    tokens: Any = view.where(sent | answer).arrow("survey_token").combine_chunks()
    named: Mask = tokens.is_valid().to_numpy(zero_copy_only=False)
    by_token = places(tokens, pa.chunked_array([tokens.filter(pa.array(~is_sent))])) >= 0
    found = is_sent & named & by_token
    without = np.flatnonzero((is_sent & ~named) | ~is_sent)
    if len(without) > 1:
        here, there = without[:-1], without[1:]
        soon = at[there] - at[here] <= WITHIN_MS
        found[here[is_sent[here] & ~is_sent[there] & soon & (unit[here] == unit[there])]] = True
    return rows[is_sent], found[is_sent]
