"""Many small syncs give what one sync of the final state gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connectors.records import Record, Tombstone
from graph.rules import Rules
from graph.store.digest import Digest, digest
from graph.store.driver import Store
from graph.sync.sync import sync
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
START = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("Ada Byron", "Ada Birron", "Bob Stone", "Cleo Marsh")
EMAILS = (None, "ada@byron.test", "bob@stone.test", "cleo@marsh.test")
KINDS = ("email.sent", "form.submitted", "deal.won", "deal.lost", "ticket.created", "ticket.replied")

people = st.builds(
    lambda source, number, name, email, phone: person(f"{source}/people/{number}", name, email=email, phone=phone),
    st.sampled_from(("crm", "helpdesk")),
    st.integers(0, 3),
    st.sampled_from(NAMES),
    st.sampled_from(EMAILS),
    st.sampled_from((None, "+442071234567", "+493090182000")),
)
events = st.builds(
    lambda number, kind, hours, source, who, ticket: event(
        f"crm/events/{number}", kind, START + timedelta(hours=hours), f"{source}/people/{who}", ticket=ticket
    ),
    st.integers(0, 9),
    st.sampled_from(KINDS),
    st.integers(0, 2_000),
    st.sampled_from(("crm", "helpdesk")),
    st.integers(0, 3),
    st.sampled_from((None, "crm/1", "crm/2")),
)
gone = st.builds(
    lambda number: Tombstone(source="crm", stream="events", id=str(number), deleted_at=START), st.integers(0, 9)
)
steps = st.lists(st.lists(st.one_of(people, events, gone), min_size=1, max_size=6), min_size=2, max_size=4)

EVERYBODY = [person(f"{source}/people/{n}", "Zed Void") for source in ("crm", "helpdesk") for n in range(4)]


# Each example is a dozen syncs: shrinking a failure takes longer than reading it.
@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=steps)
async def test_any_sequence_of_changes_equals_a_first_load_of_its_end(
    steps: list[list[Record]], embedded_store: Store
) -> None:
    """Records come, change, move and go in any order: journeys and customers are those of the final state."""
    in_steps = await _synced(embedded_store, [EVERYBODY, *steps])
    at_once = await _synced(embedded_store, [_final([*EVERYBODY, *(each for step in steps for each in step)])])

    different = set(in_steps.differences(at_once)) - {"versions"}  # what was said before is history
    assert not different


async def _synced(store: Store, steps: list[list[Record]]) -> Digest:
    await _empty(store)
    for records in steps:
        await sync([fixed_source("test", *records)], store, Rules(), full=True)
    return await digest(store)


async def _empty(store: Store) -> None:
    while (await store.write("MATCH (n) WHERE NOT n:Meta WITH n LIMIT 5000 DETACH DELETE n")).nodes_deleted:
        pass


def _final(records: list[Record]) -> list[Record]:
    """The last word about every key; what was deleted after it was there is told first and then deleted."""
    last: dict[str, Record] = {}
    deleted: dict[str, Tombstone] = {}
    for record in records:
        key = str(record.key)
        if isinstance(record, Tombstone):
            if key in last:
                deleted.setdefault(key, record)
        else:
            last[key] = record
            deleted.pop(key, None)
    return [*last.values(), *deleted.values()]
