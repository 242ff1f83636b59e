"""Three customers with an alert rule about two of them, in a graph; steps that a process of its own can do."""

from __future__ import annotations

from connectors.records import Interaction, Person, Record, SurveyMetric, encode
from graph.alerts.rules import AlertRule
from graph.alerts.watch import AlertWatch, Evaluated
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.sync import sync
from tests.journeys import ms
from tests.sources import event, fixed_source, person

RULES = Rules(
    alert=(
        AlertRule("A detractor", "detractor", or_owner="Ines Marl", cool_down_days=1),
        AlertRule("Nobody replied", "sla", hours=4),
    )
)
NOW = ms("2026-03-31")
ADA, BOB, CLEO = (f"crm/contacts/{number}" for number in (1, 2, 3))


def low(key: str, at: str, of: str, score: float = 2) -> Record:
    """An answer to an NPS survey."""
    return event(key, "survey.answered", at, of, metric=SurveyMetric.NPS, score=score, scale=(0, 10))


RECORDS: list[Record] = [
    person(ADA, "Ada Byron", email="ada@byron.test", owner="Tom Ek"),
    person(BOB, "Bob Stone", email="bob@stone.test"),
    person(CLEO, "Cleo Hart", email="cleo@hart.test"),
    low("crm/answers/1", "2026-03-20", ADA),
    low("crm/answers/2", "2026-03-21", BOB, 6),
    low("crm/answers/3", "2026-03-21", CLEO, 9),
    event("crm/events/4", "ticket.created", "2026-03-22", BOB, ticket="crm/t1"),
]


async def load_by_sync(store: Store) -> None:
    """The company's records, synced."""
    await sync([fixed_source("crm", *RECORDS)], store, Rules(), full=True)


async def load(store: Store) -> None:
    """The same company written by hand, each person a customer: nothing has to be learned or linked."""
    people = [record for record in RECORDS if isinstance(record, Person)]
    await store.write(
        "UNWIND $rows AS row CREATE (r:SourceRecord {key: row.key, kind: 'person', source: 'crm', body: row.body}) "
        "CREATE (c:Customer {id: row.id, display_name: row.name, sort_name: row.id, owner: row.owner, "
        "first_record: row.key}) "
        "CREATE (r)-[:DESCRIBES {weight: 0.0, rule: 'alone', by: 'linkage'}]->(c)",
        rows=[
            {
                "key": str(one.key),
                "id": f"c-{one.given_name}".lower(),
                "name": f"{one.given_name} {one.family_name}",
                "owner": one.owner,
                "body": encode(one),
            }
            for one in people
        ],
    )
    events = [record for record in RECORDS if isinstance(record, Interaction)]
    await store.write(
        "UNWIND $rows AS row MATCH (:SourceRecord {key: row.record})-[:DESCRIBES]->(c:Customer) "
        "CREATE (i:Interaction) SET i = row, i.at = datetime({epochMillis: row.at}) CREATE (c)-[:EXPERIENCED]->(i)",
        rows=[
            {
                "id": str(one.key),
                "record": str(one.person),
                "source": "crm",
                "at": int(one.occurred_at.timestamp() * 1000),
                "sequence": 0,
                "kind": one.kind,
                "function": one.function.value,
                "channel": one.channel.value,
                "direction": one.direction.value,
                "automated": False,
                "ticket": one.ticket,
                "metric": one.metric,
                "score": one.score,
                "scale_min": one.scale[0] if one.scale else None,
                "scale_max": one.scale[1] if one.scale else None,
            }
            for one in events
        ],
    )


async def evaluate(store: Store) -> Evaluated:
    """One evaluation at the end of March."""
    return await AlertWatch(store, RULES, JourneyKeeper(store, RULES)).evaluate(NOW)
