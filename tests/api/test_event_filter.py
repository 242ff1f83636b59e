"""A filter by what customers experienced holds for figures about customers, too: for none it is let go in silence."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.figures.scope import EventFilter
from graph.rules import Rules
from graph.segments.rules import Condition, PersonaRule, SegmentRule
from graph.store.driver import Store
from tests.api.conftest import Ask, asker, write_interactions

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 7, 1, tzinfo=UTC)
RULES = Rules(
    segment=(SegmentRule("all", "All", all=(Condition(metric="interactions", at_least=1),)),),
    persona=(PersonaRule("anybody", "Anybody", "all"),),
)
PERIOD = 'period: {from: "2026-01-01", to: "2026-07-01"}'
WRITERS, CHATTERS = 7, 5


@pytest.fixture
async def ask(embedded_store: Store) -> Ask:
    """Seven leads who write, and five who chat: every five days from January until March, and not since."""
    await embedded_store.write("CREATE (:Stage {name: 'lead', ordinal: 2})")
    for number in range(WRITERS + CHATTERS):
        begin = datetime(2026, 1, 1 + number, 12, tzinfo=UTC)
        await embedded_store.write(
            "CREATE (c:Customer {id: $id, display_name: $id, sort_name: $id}) WITH c MATCH (s:Stage {name: 'lead'}) "
            "CREATE (c)-[:REACHED {ordinal: 0, at: datetime({epochMillis: $at}), regression: false}]->(s)",
            id=f"c{number}",
            at=_ms(begin),
        )
        channel = "email" if number < WRITERS else "chat"
        shared = {"kind": "conversation.message", "function": "service", "direction": "inbound", "automated": False}
        days = (0, 5, 10, 15, 20, 25, 30)
        rows: list[dict[str, Any]] = [
            shared | {"id": f"{number}-{day}", "at": _ms(begin + timedelta(days=day)), "sequence": 0, "stage": "lead"}
            | {"channel": channel}
            for day in days
        ]  # fmt: skip
        await write_interactions(embedded_store, f"c{number}", rows)
    return asker(Service(graphql_schema(), embedded_store, writes_to=embedded_store, rules=RULES, now=lambda: NOW))


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


QUESTIONS = {
    "stages": (f"lifecycle({PERIOD}, FILTER) {{ stages {{ stage customerCount }} }}", ["stages", 2, "customerCount"]),
    "status": (f"lifecycle({PERIOD}, FILTER) {{ activity {{ customerCount }} }}", ["activity", 1, "customerCount"]),
    "said": (f"lifecycle({PERIOD}, FILTER) {{ said {{ customerCount }} }}", ["said", 0, "customerCount"]),
    "time between stages": (
        f'timeBetween(input: {{from: {{stage: "lead"}}, {PERIOD}, FILTER}}) {{ begunCount }}', ["begunCount"],
    ),
    "segments": (f"segments({PERIOD}, FILTER) {{ customerCount }}", [0, "customerCount"]),
    "segment": (f'segment(name: "all", {PERIOD}, FILTER) {{ members {{ customer {{ id }} }} }}', ["members"]),
    "changes": (f"segments({PERIOD}, FILTER) {{ changes {{ joinedCount }} }}", [0, "changes", "joinedCount"]),
    "personas": (f"personas({PERIOD}, FILTER) {{ segment {{ customerCount }} }}", [0, "segment", "customerCount"]),
    "risk": ("inactivityRisk(horizonDays: 90, FILTER) { note }", ["note"]),
    "silence": (f"painPoints({PERIOD}, FILTER) {{ findings {{ customerCount }} }}", ["findings", 0, "customerCount"]),
}  # fmt: skip


async def test_a_channel_narrows_whom_a_figure_about_customers_is_of(ask: Ask) -> None:
    """With all channels all are meant, with one those who came by it; by one that nobody used, or none, nobody is."""
    found: dict[str, list[int]] = {name: [] for name in QUESTIONS}
    for channels in ("[EMAIL, CHAT]", "[EMAIL]", "[CHAT]", "[MAIL]", "[]"):
        for name, (question, path) in QUESTIONS.items():
            answer = await ask("{ it: " + question.replace("FILTER", f"filter: {{channels: {channels}}}") + " }")
            assert "errors" not in answer, answer["errors"]
            found[name].append(_count(answer["data"]["it"], path))

    assert found == {name: [WRITERS + CHATTERS, WRITERS, CHATTERS, 0, 0] for name in QUESTIONS}


@pytest.mark.parametrize("part", [field.name for field in dataclasses.fields(EventFilter)] + [
    "segments", "personas", "lifecycleStages", "countries", "owners",
])  # fmt: skip
async def test_of_an_empty_list_nothing_is_one(part: str, ask: Ask) -> None:
    """An empty list is said, and fits nobody, in whichever part of the filter; null is not said."""
    question, path = QUESTIONS["segments"]
    answers = [
        await ask("{ it: " + question.replace("FILTER", f"filter: {{{part}: {given}}}") + " }")
        for given in ("[]", "null")
    ]

    assert [_count(answer["data"]["it"], path) for answer in answers] == [0, WRITERS + CHATTERS]


@pytest.mark.parametrize(
    "question",
    [
        f'funnel(input: {{steps: [{{kinds: [], touchpoints: ["t"]}}], windowDays: 9, {PERIOD}}}) {{ customerCount }}',
        f'timeBetween(input: {{from: {{stage: "lead"}}, to: {{kinds: []}}, {PERIOD}}}) {{ begunCount }}',
        f'journeyPaths(input: {{goal: {{kinds: ["a"], touchpoints: []}}, {PERIOD}}}) {{ customerCount }}',
        f"attribution(dimension: CHANNEL, goalKinds: [], {PERIOD}) {{ caveat }}",
    ],
)
async def test_steps_and_goals_of_no_kind_are_refused(question: str, ask: Ask) -> None:
    """Nothing could be at such a step, which is told instead of an answer about everything."""
    (error,) = (await ask(f"{{ {question} }}"))["errors"]

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "is empty" in error["message"]


def _count(told: Any, path: list[Any]) -> int:
    """How many customers are told at this place: a number, a list of them, or the first word of a note."""
    for step in path:
        if told == []:
            return 0
        told = told[step]
    return len(told) if isinstance(told, list) else int(str(told).split()[0])
