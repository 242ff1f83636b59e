"""The digest: what it sees, and what it must not see."""

from __future__ import annotations

import pytest

from graph.store.digest import digest
from graph.store.driver import Store
from tests.graph.store.content import fill

pytestmark = pytest.mark.anyio


async def test_the_same_content_has_the_same_digest_whatever_the_ids_and_the_clock(store: Store) -> None:
    """Written twice with other uuids at another time, a graph keeps its digest."""
    await fill(store, clock=1_800_000_000_000)
    first = await digest(store)
    await store.write("MATCH (n) WHERE NOT n:Meta DETACH DELETE n")
    await fill(store, clock=1_800_000_777_000)

    assert (await digest(store)).differences(first) == ()
    assert all(section.count for section in first.sections.values()), "the sample graph leaves a section empty"


# One small change in each part of the graph, and the sections that must show it.
CHANGES = {
    "MATCH (r:SourceRecord {id: '1'}) SET r.body = '{\"a\": 1}'": {"records"},
    "MATCH (r:SourceRecord {id: '1'}) SET r.pending = true": {"records"},
    "MATCH (v:RecordVersion) SET v.changed = '{}'": {"versions"},
    "MATCH (:SourceRecord)-[h:HAS_IDENTIFIER]->() DELETE h": {"identifiers"},
    "MATCH (i:Identity) SET i.records = ['crm/contacts/1', 'desk/users/9']": {"identities"},
    "MATCH (d:Decision) SET d.reverted_at = datetime({epochMillis: 5})": {"decisions"},
    "MATCH (p:Pin) SET p.value = 'Mathematician'": {"pins"},
    "MATCH (a:Alert) SET a.status = 'RESOLVED'": {"alerts"},
    "MATCH (e:AlertEvent) SET e.by = 'Ada'": {"alerts"},
    "MATCH (v:Invitation) SET v.answered_at = datetime({epochMillis: 5})": {"invitations"},
    "MATCH (b:Baseline) SET b.by = 'Ada'": {"baselines"},
    "MATCH (i:Initiative) SET i.body = '{\"a\": 1}'": {"initiatives"},
    "MATCH (a:Answer) SET a.request = 'another'": {"answers"},
    "MATCH (p:Push) SET p.body = '[]'": {"pushes"},
    "MATCH (m:LinkageModel) SET m.in_force = false": {"models"},
    "MATCH (:SourceRecord {id: '9'})-[d:DESCRIBES]->() SET d.weight = 1.25": {"joins"},
    "MATCH (:SourceRecord {id: '9'})-[d:DESCRIBES]->() DELETE d": {"joins", "customers"},
    "MATCH ()-[m:MAY_MATCH]->() SET m.status = 'closed'": {"reviews"},
    "MATCH (i:Interaction {kind: 'deal.won'}) SET i.at = datetime({epochMillis: 1700000000457})": {"interactions"},
    "MATCH (c:Customer {display_name: 'Ada'}) SET c.display_name = 'Ada L.'": {"customers"},
    "MATCH (c:Customer {first_record: 'crm/contacts/1'}) SET c.consents = '[]'": {"customers", "consents"},
    "MATCH (c:Customer) SET c.updated_at = datetime({epochMillis: 5})": {"customers"},
    "MATCH ()-[w:WORKS_FOR]->() DELETE w": {"accounts"},
    "MATCH ()-[e:EXPERIENCED]->(:Survey) DELETE e": {"experiences"},
    "MATCH ()-[n:NEXT]->() SET n.gap_seconds = 101": {"journeys"},
    "MATCH ()-[n:LAST]->() DELETE n": {"journeys"},
    "MATCH ()-[r:REACHED]->() SET r.at = datetime({epochMillis: 5})": {"stages"},
    "MATCH ()-[r:AT]->() DELETE r": {"touchpoints"},
    "MATCH ()-[r:PART_OF]->() DELETE r": {"matters"},
    "MATCH ()-[r:HANDOFF]->() SET r.to_team = 'billing'": {"handoffs"},
    "MATCH ()-[r:ABOUT]->() SET r.method = 'inferred'": {"surveys"},
    "MATCH ()-[r:HAS_LETTERS]->() DELETE r": {"words"},
    "MATCH ()-[r:RELATED]->() SET r.kind = 'household'": {"relatives"},
    "MATCH (n) WHERE n:SyncRun OR n:Cursor OR n:Change OR n:FormerId DETACH DELETE n": set(),
    "MATCH (c:Customer) SET c.id = 'x' + c.id": set(),
}


async def test_every_change_shows_in_its_own_section(store: Store) -> None:
    """A change of content changes its section and no other; a change of bookkeeping changes none."""
    await fill(store)
    before = await digest(store)
    for change, sections in CHANGES.items():
        counters = await store.write(change)
        after = await digest(store)

        assert counters.contains_updates, f"changes nothing: {change}"
        assert set(before.differences(after)) == sections, change
        assert (before.value != after.value) == bool(sections), change
        before = after
