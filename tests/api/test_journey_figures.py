"""Funnels, times, paths over GraphQL: what is refused, and how."""

from __future__ import annotations

import pytest

from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.store.driver import Store
from tests.api.conftest import asker

pytestmark = pytest.mark.anyio
PERIOD = 'period: {from: "2026-01-01", to: "2026-02-01"}'
REFUSALS = {
    f"{{ journeyPaths(input: {{goal: {{}}, {PERIOD}}}) {{ goalCount }} }}": "`goal` fits everything",
    f'{{ journeyPaths(input: {{goal: {{kinds: ["a"]}}, steps: 9, {PERIOD}}}) {{ goalCount }} }}': "between 1 and 8",
    f"{{ whatFollowed(input: {{{PERIOD}}}) {{ after }} }}": "either `after` or `customerId`",
    f"{{ whatFollowed(input: {{after: [], {PERIOD}}}) {{ after }} }}": "must be 1 to 5 keys",
    f'{{ whatFollowed(input: {{customerId: "Q3VzdG9tZXI6eA", {PERIOD}}}) {{ after }} }}': "of no customer",
    f"{{ journeyLoops(input: {{minCustomers: 0, {PERIOD}}}) {{ loops {{ key }} }} }}": "at least 1",
    f"{{ funnel(input: {{steps: [], {PERIOD}}}) {{ customerCount }} }}": "must be 1 to 20 steps",
    f'{{ funnel(input: {{steps: [{{label: "x"}}], {PERIOD}}}) {{ customerCount }} }}': "`steps[0]` fits everything",
    f'{{ funnel(input: {{steps: [{{kinds: ["a"]}}], windowDays: 0, {PERIOD}}}) {{ customerCount }} }}': "more than 0",
    f'{{ funnel(input: {{steps: [{{kinds: ["a"]}}], {PERIOD}}}) {{ breakdown(by: OWNER, first: 0) {{ key }} }} }}': (
        "between 1 and 100"
    ),
    f'{{ timeBetween(input: {{from: {{stage: "led"}}, {PERIOD}}}) {{ begunCount }} }}': "is no stage. Known: target",
    f"{{ timeBetween(input: {{from: {{}}, {PERIOD}}}) {{ begunCount }} }}": "either a `stage`, or `kinds`",
    f'{{ timeBetween(input: {{from: {{kinds: ["a"]}}, {PERIOD}}}) {{ begunCount }} }}': "`to` is missing",
    f'{{ timeBetween(input: {{from: {{stage: "lead"}}, {PERIOD}}}) {{ reachedWithin(days: -1) {{ value }} }} }}': (
        "must not be below 0"
    ),
}


async def test_a_question_that_makes_no_sense_is_refused(embedded_store: Store) -> None:
    """Each refusal says what is wrong and what to do."""
    ask = asker(Service(graphql_schema(), embedded_store, writes_to=embedded_store))
    for query, says in REFUSALS.items():
        (error,) = (await ask(query))["errors"]
        assert says in error["message"], query
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
