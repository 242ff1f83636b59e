"""When an interaction was, when it ended and when it was seen, as the graph holds it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.sync import sync
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
ENDED, SEEN = AT + timedelta(minutes=20), AT + timedelta(days=1)


async def test_each_interaction_has_the_moments_that_were_told_and_no_others(store: Store) -> None:
    """One page holds interactions with and without an end and a moment of observation."""
    ada = "crm/contacts/1"
    told = [
        event("crm/calls/1", "call.made", AT, ada),
        event("crm/calls/2", "call.made", AT, ada, ended_at=ENDED),
        event("crm/calls/3", "call.made", AT, ada, observed_at=SEEN),
        event("crm/calls/4", "call.made", AT, ada, ended_at=ENDED, observed_at=SEEN),
        event("crm/answers/5", "survey.answered", AT, ada, observed_at=SEEN),
    ]

    await sync([fixed_source("crm", person(ada, "Ada Byron"), *told)], store, Rules())

    rows = await store.read(
        "MATCH (i:Interaction) RETURN i.id, i.at.epochMillis, i.ended_at.epochMillis, i.observed_at.epochMillis, "
        "'ended_at' IN keys(i), 'observed_at' IN keys(i), i:Survey ORDER BY i.id"
    )
    at, ended, seen = (round(moment.timestamp() * 1000) for moment in (AT, ENDED, SEEN))
    assert rows == [
        ["crm/answers/5", at, None, seen, False, True, True],
        ["crm/calls/1", at, None, None, False, False, False],
        ["crm/calls/2", at, ended, None, True, False, False],
        ["crm/calls/3", at, None, seen, False, True, False],
        ["crm/calls/4", at, ended, seen, True, True, False],
    ]
