"""What a source takes back: nothing waits for ever, and what followed from it follows no more."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.records import Channel, Consent, ConsentStatement, ConsentStatus, Tombstone
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.migrate import migrate
from graph.sync.sync import sync
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
RULES = Rules()
NOW = datetime(2026, 3, 1, tzinfo=UTC)
REVOKED = ConsentStatement(channel=Channel.EMAIL, purpose="news", status=ConsentStatus.REVOKED, at=NOW)
RECORDS = [
    person("crm/contacts/1", "Ada Byron", email="ada@byron.test"),
    Consent(source="crm", stream="consents", id="1", person="crm/contacts/1", statement=REVOKED),
    event("crm/events/1", "form.submitted", "2026-01-01", "crm/contacts/77"),  # nobody has told about 77 yet
]
PENDING = "MATCH (r:SourceRecord) WHERE r.pending IS NOT NULL RETURN r.key ORDER BY r.key"
CONSENTS = "MATCH (c:Customer) WHERE c.display_name = 'Ada Byron' RETURN c.consents"


def gone(stream: str, id: str) -> Tombstone:
    return Tombstone(source="crm", stream=stream, id=id, deleted_at=NOW)


async def test_a_consent_that_is_deleted_holds_no_more_and_nothing_waits(store: Store) -> None:
    """Its customer is derived again; neither it nor somebody known by name only is left pending."""
    await sync([fixed_source("crm", *RECORDS)], store, RULES)
    ((before,),) = await store.read(CONSENTS)
    assert "REVOKED" in before

    took = fixed_source("crm", gone("consents", "1"), gone("contacts", "77"))
    report = await sync([took], store, RULES, full=True)

    assert report.linked.pending == 0
    ((after,),) = await store.read(CONSENTS)
    assert after is None or "REVOKED" not in after
    assert await store.read(PENDING) == []


async def test_marks_that_nothing_took_away_are_mended(store: Store) -> None:
    """A graph of an earlier version, in which such records wait for ever, waits no longer."""
    await sync([fixed_source("crm", *RECORDS)], store, RULES)
    await store.write("MATCH (r:SourceRecord) WHERE r.kind = 'consent' OR r.body IS NULL SET r.pending = true")
    await store.write("MATCH (m:Meta {name: 'c360'}) SET m.schema = 1")

    await migrate(store)

    assert await store.read(PENDING) == []
