"""How a customer's surroundings are read: the traversals that the API's fields are made of.

`this` is the row one comes from, the first variable the row one arrives at; see `graph.reading`.
"""

from __future__ import annotations

from graph.customer.activity import ActivityStatus
from graph.reading import AllOf, Column, Compare, Not, Predicate, Traversal, Walk

_ID = Column("id", "item", nullable=False)
_KEY = Column("key", "item", nullable=False)
_AT = Column("at", "item", instant=True, nullable=False)
_SORT_NAME = Column("sort_name", "item", nullable=False)
_CUSTOMER_ORDERS = {
    "name": (_SORT_NAME,),
    "created": (Column("created_at", "item", instant=True),),
    "updated": (Column("updated_at", "item", instant=True),),
    "first_seen": (Column("first_at", "item", instant=True),),
    "last_activity": (Column("last_at", "item", instant=True),),
    "interactions": (Column("interaction_count", "item"),),
    "records": (Column("record_count", "item"),),
}
_INTERACTION_ORDERS = {"at": (_AT, Column("sequence", "item", nullable=False))}
_ALONG_NEXT = Walk(
    order="at",
    newest="MATCH (this)-[:LAST]->(:Interaction)<-[way:NEXT]-{steps}(item:Interaction)",
    oldest="MATCH (this)-[:FIRST]->(:Interaction)-[way:NEXT]->{steps}(item:Interaction)",
    sought="MATCH (at:Interaction {id: $at})",
    belongs="(at)<-[:EXPERIENCED]-(this)",
    backwards_from="MATCH (at)<-[:NEXT]-{steps}(item:Interaction)",
    forwards_from="MATCH (at)-[:NEXT]->{steps}(item:Interaction)",
)

CUSTOMER_BY_ID = Traversal(
    "OPTIONAL MATCH (current:Customer {id: $id}) OPTIONAL MATCH (:FormerId {id: $id})-[:NOW]->(now:Customer) "
    "WITH coalesce(current, now) AS item",
    where="item IS NOT NULL",
    parameters=("id",),
)
CUSTOMERS_BY_ID = Traversal("UNWIND $ids AS id MATCH (item:Customer {id: id})", parameters=("ids",))
CUSTOMERS = Traversal(
    "MATCH (item:Customer)",
    orders=_CUSTOMER_ORDERS,
    order="name",
    indexed=(_SORT_NAME, *_CUSTOMER_ORDERS["updated"], *_CUSTOMER_ORDERS["last_activity"]),
)
CUSTOMERS_BY_IDENTIFIER = Traversal(
    "MATCH (:Identifier {key: $key})<-[:HAS_IDENTIFIER]-(:SourceRecord)-[:DESCRIBES]->(owner:Customer) "
    "WITH DISTINCT owner AS item",
    parameters=("key",),
)
CUSTOMERS_BY_RECORD = Traversal("MATCH (:SourceRecord {key: $key})-[:DESCRIBES]->(item:Customer)", parameters=("key",))

INTERACTIONS = Traversal(
    "MATCH (this)-[:EXPERIENCED]->(item:Interaction)",
    orders=_INTERACTION_ORDERS,
    order="at",
    descending=True,
    walk=_ALONG_NEXT,
)
"""What one customer lived through; a page in the journey's own order walks NEXT."""

ACCOUNT_INTERACTIONS = Traversal(
    "MATCH (this)<-[:WORKS_FOR]-{0,1}(owner)-[:EXPERIENCED]->(item:Interaction)",
    variables=("item", "owner"),
    orders=_INTERACTION_ORDERS,
    order="at",
    descending=True,
)
"""What the people of an account lived through, and what is known of the account alone."""

SURVEY_RESPONSES = Traversal(
    "MATCH (this)-[:EXPERIENCED]->(item:Interaction)",
    where="item.score IS NOT NULL",
    orders=_INTERACTION_ORDERS,
    order="at",
    descending=True,
)
INTERACTIONS_BY_ID = Traversal("UNWIND $ids AS id MATCH (item:Interaction {id: id})", parameters=("ids",))
SURVEYS_BY_ID = Traversal(
    "UNWIND $ids AS id MATCH (item:Interaction {id: id})", where="item.score IS NOT NULL", parameters=("ids",)
)
TOUCHPOINTS_BY_KEY = Traversal(
    "UNWIND $ids AS id MATCH (item:Touchpoint {key: id})", unique=(_KEY,), parameters=("ids",)
)

SOURCE_RECORDS = Traversal(
    "MATCH (this)<-[how:DESCRIBES]-(item:SourceRecord)",
    variables=("item", "how"),
    unique=(_KEY,),
)
TREE_OF_CUSTOMER = Traversal(
    "MATCH (this)<-[how:DESCRIBES]-(item:SourceRecord) OPTIONAL MATCH (model:LinkageModel {in_force: true}) "
    "WITH this, item, how, model, [(item)-[:HAS_IDENTIFIER]->(known:Identifier) | known.key] AS identifiers",
    variables=("item", "how", "model", "identifiers"),
    unique=(_KEY,),
)
"""All records of a customer with what ties them, their identifiers and the model in force."""

RECORDS_BY_KEY = Traversal(
    "UNWIND $ids AS id MATCH (item:SourceRecord {key: id}) OPTIONAL MATCH (item)-[how:DESCRIBES]->()",
    variables=("item", "how"),
    unique=(_KEY,),
    parameters=("ids",),
)
RECORD_OF_INTERACTION = Traversal(
    "MATCH (this)<-[:EXPERIENCED]-()<-[how:DESCRIBES]-(item:SourceRecord)",
    variables=("item", "how"),
    where="item.key = coalesce(this.record, this.account_record)",
    unique=(_KEY,),
)
CUSTOMER_OF_RECORD = Traversal("MATCH (this)-[:DESCRIBES]->(item:Customer)")
ACCOUNT_OF_RECORD = Traversal("MATCH (this)-[:DESCRIBES]->(item:Account)")

_KIND = Column("kind", "item", nullable=False)
RELATED_CUSTOMERS = Traversal(
    "MATCH (this)-[item:RELATED]-(relative:Customer)",
    variables=("item", "relative"),
    unique=(Column("id", "relative", nullable=False), _KIND),
    orders={"probability": (Column("probability", "item", nullable=False),)},
    order="probability",
    descending=True,
)
RELATIVE = Traversal("WITH this, relative AS item")

_REVIEW_SHOWN = {"pair": "first.key + '\\n' + second.key", "version": "first.hash + second.hash"}
_PLACE = Column("queue", "item", nullable=False)
MATCH_REVIEWS = Traversal(
    "MATCH (first:SourceRecord)-[item:MAY_MATCH]->(second:SourceRecord)",
    where="item.queue > ''",  # said, so that the store walks its index
    variables=("item", "first", "second"),
    shown=_REVIEW_SHOWN,
    unique=(_PLACE,),
    orders={
        "threshold": (_PLACE,),
        "interactions": (Column("stake", "item", nullable=False),),
        "probability": (Column("probability", "item", nullable=False),),
    },
    order="threshold",
)
"""Pairs that may be one customer: those that wait before the decided ones, the least certain first.

`queue` is their place, written with them: a page reads its own pairs and no others.
"""

REVIEWS_BY_ID = Traversal(
    "UNWIND $ids AS id WITH split(id, '\\n') AS keys "
    "MATCH (first:SourceRecord {key: keys[0]})-[item:MAY_MATCH]->(second:SourceRecord {key: keys[1]})",
    variables=("item", "first", "second"),
    shown=_REVIEW_SHOWN,
    unique=(_PLACE,),
    parameters=("ids",),
)
FIRST_OF_REVIEW = Traversal(
    "MATCH (first)-[how:DESCRIBES]->() WITH this, first AS item, how", variables=("item", "how"), unique=(_KEY,)
)
SECOND_OF_REVIEW = Traversal(
    "MATCH (second)-[how:DESCRIBES]->() WITH this, second AS item, how", variables=("item", "how"), unique=(_KEY,)
)
DECISION_OF_REVIEW = Traversal("MATCH (item:Decision)", where="item.id = this.decision")
CUSTOMERS_OF_REVIEW = Traversal(
    "UNWIND [first, second] AS record MATCH (record)-[:DESCRIBES]->(item:Customer) WITH DISTINCT this, item "
    "WITH this, item, COUNT { (item)<-[:DESCRIBES]-(:SourceRecord {kind: 'person'}) } AS people",
    variables=("item", "people"),
)
"""The customers that the two records describe today, one or two, each with how many records of persons it has."""

MATCH_DECISIONS = Traversal("MATCH (item:Decision)", orders={"at": (_AT,)}, order="at", descending=True)
DECISIONS_BY_ID = Traversal("UNWIND $ids AS id MATCH (item:Decision {id: id})", parameters=("ids",))

PINS_OF_CUSTOMER = Traversal(
    "MATCH (this)<-[:DESCRIBES]-(pinned:SourceRecord) MATCH (item:Pin {record: pinned.key})",
    where="item.reverted_at IS NULL",
    orders={"at": (_AT,)},
    order="at",
)
"""Golden values of a customer that a person has fixed; of one field the last is in force."""
PINS_BY_ID = Traversal("UNWIND $ids AS id MATCH (item:Pin {id: id})", parameters=("ids",))

FORMER_IDS = Traversal("MATCH (item:FormerId)-[:NOW]->(this)")
ACCOUNT_OF_CUSTOMER = Traversal("MATCH (this)-[:WORKS_FOR]->(item:Account)")
STAGE_TRANSITIONS = Traversal(
    "MATCH (this)-[item:REACHED]->(stage:Stage)",
    variables=("item", "stage"),
    unique=(Column("ordinal", "item", nullable=False),),
    orders={"at": (_AT,)},
    order="at",
)
CAUSE_OF_TRANSITION = Traversal("MATCH (parent)-[:EXPERIENCED]->(item:Interaction)", where="item.id = this.cause")
HANDOFFS = Traversal(
    "MATCH (this)-[:EXPERIENCED]->(before:Interaction)-[item:HANDOFF]->(next:Interaction)",
    variables=("item", "before", "next"),
    unique=(Column("id", "before", nullable=False), Column("id", "next", nullable=False)),
    orders={"at": (_AT,)},
    order="at",
)
BEFORE_HANDOFF = Traversal("WITH this, before AS item")
AFTER_HANDOFF = Traversal("WITH this, next AS item")
NEXT_SCORE = Traversal(
    "MATCH (parent)-[:EXPERIENCED]->(item:Interaction)",
    where="item.score IS NOT NULL AND item.at >= next.at",
    orders=_INTERACTION_ORDERS,
    order="at",
)
"""The first score a customer gave after a handoff."""

REPEATED_QUESTIONS = Traversal(
    "MATCH (this)-[:EXPERIENCED]->(asked:Interaction) WHERE asked.requested_fields IS NOT NULL "
    "UNWIND asked.requested_fields AS field "
    "WITH this, field, asked ORDER BY asked.at, asked.sequence, asked.id "
    "WITH this, field, collect(asked) AS times "
    "UNWIND range(1, size(times) - 1) AS position "
    "WITH this, field, times[0] AS earlier, times[position] AS item "
    "WHERE coalesce(item.ticket, item.activity_id, item.id) "
    "<> coalesce(earlier.ticket, earlier.activity_id, earlier.id) "
    "WITH this, item, field, earlier",
    variables=("item", "field", "earlier"),
    unique=(_ID, Column("", "field", nullable=False)),
    orders={"at": (_AT,)},
    order="at",
)
"""What a customer was asked for again, in another matter than the one that had asked first."""

LATER_QUESTION = Traversal("WITH this, this AS item")
EARLIER_QUESTION = Traversal("WITH this, earlier AS item")

CUSTOMER_OF_INTERACTION = Traversal("MATCH (this)<-[:EXPERIENCED]-(item:Customer)")
ACCOUNT_OF_INTERACTION = Traversal("MATCH (this)<-[:EXPERIENCED]-(item:Account)")
PARTICIPANTS = Traversal(
    "CALL (this) { WITH this WHERE this.activity_id IS NULL RETURN this AS item "
    "UNION MATCH (item:Interaction {activity_id: this.activity_id}) "
    "WHERE item.source = this.source AND item.deleted_at IS NULL RETURN item } WITH this, item"
)
"""The same meeting, deal or call as each participant experienced it; ids of activities are those of one source."""

PARTICIPATION = Traversal("WITH this, this AS item")
TOUCHPOINT_OF_INTERACTION = Traversal("MATCH (this)-[:AT]->(item:Touchpoint)", unique=(_KEY,))
SCORE_IN_INTERACTION = Traversal("WITH this, this AS item", where="item.score IS NOT NULL")
SCORES_ABOUT_INTERACTION = Traversal(
    "MATCH (item:Interaction)-[:ABOUT]->(this)", orders=_INTERACTION_ORDERS, order="at"
)
INTERACTION_OF_SURVEY = Traversal("WITH this, this AS item")
ABOUT = Traversal("MATCH (this)-[how:ABOUT]->(item:Interaction)", variables=("item", "how"))
MATTERS_OF_INTERACTION = Traversal(
    "MATCH (this)-[:PART_OF]->(item) WITH this, item, labels(item)[0] AS sort", variables=("item", "sort")
)
NEXT_INTERACTION = Traversal("MATCH (this)-[:NEXT]->(item:Interaction)")

ACCOUNT_BY_ID = Traversal(
    "OPTIONAL MATCH (current:Account {id: $id}) OPTIONAL MATCH (:FormerId {id: $id})-[:NOW]->(now:Account) "
    "WITH coalesce(current, now) AS item",
    where="item IS NOT NULL",
    parameters=("id",),
)
ACCOUNTS_BY_ID = Traversal("UNWIND $ids AS id MATCH (item:Account {id: id})", parameters=("ids",))
CUSTOMERS_OF_ACCOUNT = Traversal("MATCH (this)<-[:WORKS_FOR]-(item:Customer)", orders=_CUSTOMER_ORDERS, order="name")
PARENT_OF_ACCOUNT = Traversal("MATCH (this)-[:PARENT]->(item:Account)")
CHILDREN_OF_ACCOUNT = Traversal("MATCH (this)<-[:PARENT]-(item:Account)")

SOURCES = Traversal(
    "MATCH (item:Source)",
    unique=(Column("name", "item", nullable=False),),
    shown={
        "given": "reduce(total = 0, each IN COLLECT { MATCH (stream:Cursor) WHERE stream.source = item.name "
        "RETURN coalesce(stream.interactions, 0) } | total + each)"
    },
)
"""The sources; how many interactions one has `given` is kept with where its streams were read to."""
RECORDS_OF_SOURCE = Traversal("MATCH (item:SourceRecord)", where="item.source = this.name", unique=(_KEY,))
PENDING_OF_SOURCE = Traversal("MATCH (item:SourceRecord {pending: true})", where="item.source = this.name")
REJECTIONS_OF_SOURCE = Traversal(
    "MATCH (item:Rejection)", where="item.source = this.name", orders={"at": (_AT,)}, order="at", descending=True
)
RUNS_OF_SOURCE = Traversal(
    "MATCH (item:SyncRun)",
    where="item.source = this.name",
    orders={"started": (Column("started_at", "item", instant=True, nullable=False),)},
    order="started",
    descending=True,
)


def has_activity_status(status: ActivityStatus, new_since: str, dormant_since: str, now: str) -> Predicate:
    """A customer has this status at a moment; the three are parameters. The same as `activity_status` says of one."""
    first = Compare(Column("first_at"), ">=", new_since)
    recent = Compare(Column("last_inbound_at"), ">=", dormant_since)
    back = AllOf((recent, Compare(Column("reactivated_at"), ">=", dormant_since)))
    gone = Compare(Column("churned_at"), "<=", now)
    match status:
        case ActivityStatus.CHURNED:
            return gone
        case ActivityStatus.REACTIVATED:
            return AllOf((back, Not(gone)))
        case ActivityStatus.NEW:
            return AllOf((first, Not(back), Not(gone)))
        case ActivityStatus.DORMANT:
            return AllOf((Not(recent), Not(first), Not(gone)))
        case ActivityStatus.ACTIVE:
            return AllOf((recent, Not(first), Not(back), Not(gone)))
