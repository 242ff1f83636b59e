"""Questions that the journeys' columns answer where they are kept, as their Cypher does, without reading the graph, but
for the names of customers.

Each function takes the journeys and the question's parameters, and gives the rows of its RETURN in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from graph.answers.contacts import repeat_contact
from graph.answers.detractors import unanswered_detractors
from graph.answers.followed import what_followed
from graph.answers.funnel import ordered_funnel
from graph.answers.handoffs import handoffs, ping_pong
from graph.answers.like_cypher import Rows, Values
from graph.answers.paths import journey_flow, loops, paths_before_churn
from graph.answers.requests import repeated_questions
from graph.answers.returns import reactivations
from graph.answers.silence import silent_customers
from graph.answers.stages import stage_curve, time_between_stages
from graph.answers.steps import conversion_sequences, dwell, paths_to_ticket
from graph.ask import Answer, columns_of, known, parameter_values
from graph.cypher import cypher
from graph.journeys.journeys import Journeys
from graph.journeys.keeper import JourneyKeeper
from graph.store.driver import Store

ANSWERED: Mapping[str, Callable[[Journeys, Values], Rows]] = {
    "dwell": dwell,
    "paths_to_ticket": paths_to_ticket,
    "conversion_sequences": conversion_sequences,
    "journey_flow": journey_flow,
    "ordered_funnel": ordered_funnel,
    "loops": loops,
    "paths_before_churn": paths_before_churn,
    "handoffs": handoffs,
    "ping_pong": ping_pong,
    "reactivations": reactivations,
    "repeat_contact": repeat_contact,
    "repeated_questions": repeated_questions,
    "silent_customers": silent_customers,
    "time_between_stages": time_between_stages,
    "stage_curve": stage_curve,
    "what_followed": what_followed,
    "unanswered_detractors": unanswered_detractors,
}
"""By question."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer from columns that are kept beside the store, and when what they hold changed last."""

    answer: Answer
    changed_at: datetime | None


async def ask_kept(store: Store, keeper: JourneyKeeper, name: str, parameters: Mapping[str, Any]) -> Kept | None:
    """The answer from kept columns, with all that the change log tells; None where none are kept, or the question is
    the graph's alone to answer. Raises QuestionError."""
    journeys = await keeper.kept() if known(name) in ANSWERED else None
    if journeys is None:
        return None
    moment = await keeper.moment_of(journeys.seq)
    changed_at = None if moment is None else datetime.fromtimestamp(moment / 1000, UTC)
    return Kept(await ask_columns(store, journeys, name, parameters), changed_at)


async def ask_columns(store: Store, journeys: Journeys, name: str, parameters: Mapping[str, Any]) -> Answer:
    """The answer to one of `ANSWERED`. Raises QuestionError.

    The columns hold no names of customers: where the answer tells them, those of its rows are read from the store.
    """
    name = known(name)
    columns = columns_of(cypher(f"questions/{name}"))
    rows = ANSWERED[name](journeys, parameter_values(name, parameters))
    if {"id", "name"} <= set(columns):
        rows = await _named(store, rows, columns.index("id"), columns.index("name"))
    return Answer(columns, rows)


async def _named(store: Store, rows: Rows, id: int, name: int) -> Rows:
    """The same rows with the names of the customers they tell; who has gone meanwhile has none."""
    names = dict(await store.read(cypher("answers/customer_names"), ids=[row[id] for row in rows]))
    return [[*row[:name], names.get(row[id]), *row[name + 1 :]] for row in rows]
