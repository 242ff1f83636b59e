"""A small graph in which every part of the model occurs, written in the dialect of both stores."""

from __future__ import annotations

import uuid

from graph.store.driver import Store, Transaction

_NODES = """
CREATE (r:SourceRecord {key: 'crm/contacts/1', source: 'crm', stream: 'contacts', id: '1', kind: 'person', body: '{}',
                        hash: 'h1', created_at: datetime({epochMillis: 1700000000123})}),
       (s:SourceRecord {key: 'desk/users/9', source: 'desk', stream: 'users', id: '9', kind: 'person', body: '{}'}),
       (:RecordVersion {record: 'crm/contacts/1', changed: '{"title": "Ms"}', until: datetime({epochMillis: $clock})}),
       (e:Identifier {key: 'email:ada@x.test', kind: 'email', value: 'ada@x.test'}),
       (c:Customer {id: $ada, first_record: 'crm/contacts/1', display_name: 'Ada', tags: ['vip', 'early'],
                    consents: '[{"channel": "email"}]', updated_at: datetime({epochMillis: 1700000000123})}),
       (d:Customer {id: $bob, first_record: 'desk/users/9', display_name: 'Bob'}),
       (a:Account {id: $acme, first_record: 'crm/companies/4', name: 'Acme'}),
       (:Identity {id: $ada, of: 'customer', records: ['crm/contacts/1'], by: 'linkage',
                   since: datetime({epochMillis: $clock})}),
       (i:Interaction {id: 'crm/deals/1:won', kind: 'deal.won', at: datetime({epochMillis: 1700000000456}),
                       amount: 99.5, sequence: 0, requested_fields: ['phone']}),
       (j:Interaction:Survey {id: 'desk/surveys/2', kind: 'survey.answered', at: datetime({epochMillis: 1700000100000}),
                              score: 3.0}),
       (m:Deal {id: 'crm/1', source: 'crm', name: 'A deal', opened_at: datetime({epochMillis: 1690000000000})}),
       (t:Touchpoint {key: 'deal-won', name: 'Deal won', moment_of_truth: true}),
       (w:Word {text: 'ada', folded: 'ada', head: '3:a', middle: '3:d', tail: '3:a'}), (y:Letters {text: 'dal'}),
       (g:Stage {name: 'customer', rank: 4}),
       (f:FormerId {id: $former, since: datetime({epochMillis: $clock})}),
       (:Decision {id: $decision, kind: 'merge', records: ['crm/contacts/1', 'desk/users/9'], by: 'Eve'}),
       (:Pin {id: $decision, record: 'crm/contacts/1', field: 'job_title', value: 'Countess', by: 'Eve',
             replaced: ['0f3b']}),
       (l:Alert {id: '0f3a', rule: 'A detractor', condition: 'detractor', status: 'OPEN', owner: 'Eve',
                 raised_at: datetime({epochMillis: $clock}), evidence: '{}'}),
       (o:AlertEvent {id: $decision, deed: 'ACKNOWLEDGED', by: 'Eve', at: datetime({epochMillis: $clock})}),
       (v:Invitation {id: '1f3a', token: $run, survey: 'Easy', about: 'crm/deals/1:won',
                      made_at: datetime({epochMillis: $clock})}),
       (:Baseline {id: $decision, name: 'Before', by: 'Eve', at: datetime({epochMillis: $clock})}),
       (:Initiative {id: $decision, name: 'Call back', body: '{}', by: 'Eve'}),
       (:Answer {id: 'an answer', request: 'hash', body: '{}', by: 'Eve', at: datetime({epochMillis: $clock})}),
       (:ApiKey {id: '5f2c9a1b7d3e4f60', name: 'dashboard', role: 'reader', hash: 'h'}),
       (:Push {id: $run, source: 'shop', body: '{}', at: datetime({epochMillis: $clock})}),
       (:Destination {name: 'warehouse', seq: $clock}),
       (:Delivery {id: 'warehouse/evt_1', destination: 'warehouse', status: 'WAITING', turn: $run, event: '{}'}),
       (:SegmentNote {segment: 'VIP', version: $run}), (:SegmentPart {id: 'VIP/1', segment: 'VIP', customers: []}),
       (:LinkageModel {version: 'v1', body: 'm', in_force: true}),
       (:SyncRun {id: $run, started_at: datetime({epochMillis: $clock})}),
       (:Cursor {key: 'crm/contacts', state: $run}),
       (:Change {seq: $clock, batch: '[]'})
CREATE (c)-[:NAMED_BY]->(w), (w)-[:HAS_LETTERS]->(y), (r)-[:HAS_IDENTIFIER]->(e),
       (r)-[:DESCRIBES {weight: 12.5, rule: 'model', by: 'linkage'}]->(c),
       (s)-[:DESCRIBES {weight: 0.0, rule: 'alone', by: 'linkage'}]->(d),
       (r)-[:MAY_MATCH {weight: -0.5, status: 'open'}]->(s), (f)-[:NOW]->(c),
       (c)-[:EXPERIENCED]->(i), (c)-[:EXPERIENCED]->(j), (c)-[:FIRST]->(i), (c)-[:LAST]->(j),
       (i)-[:NEXT {gap_seconds: 100}]->(j), (i)-[:NEXT_IN_MATTER {gap_seconds: 100, matter: 'crm/1'}]->(j),
       (i)-[:PART_OF]->(m), (i)-[:AT]->(t), (j)-[:ABOUT {method: 'token'}]->(i),
       (i)-[:HANDOFF {at: datetime({epochMillis: 1700000100000}), from_team: 'sales', to_team: 'care'}]->(j),
       (c)-[:REACHED {at: datetime({epochMillis: 1700000000456}), cause: 'crm/deals/1:won'}]->(g),
       (l)-[:RAISED_BY]->(j), (l)-[:CONCERNS]->(r), (o)-[:HAPPENED_TO]->(l), (v)-[:INVITES]->(r),
       (c)-[:WORKS_FOR]->(a), (c)-[:RELATED {kind: 'colleague'}]->(d)
"""


async def fill(store: Store, clock: int = 1_800_000_000_000) -> None:
    """Write that graph; ids and our own clock are different every time, as in real life."""
    ids = {name: str(uuid.uuid4()) for name in ("ada", "bob", "acme", "former", "decision", "run")}

    async def work(transaction: Transaction) -> None:
        await transaction.run(_NODES, **ids, clock=clock)

    await store.transaction(work)
