"""How alerts are read: the traversals that the API's fields are made of; see `graph.reading`.

The follow-up and the next score are nobody's to report: they are found in the journey.
"""

from __future__ import annotations

from graph.reading import Column, Traversal

_AT = Column("at", "item", instant=True, nullable=False)
_IN_ORDER = {"at": (_AT, Column("sequence", "item", nullable=False))}
_ORDERS = {
    "raised": (Column("raised_at", "item", instant=True, nullable=False),),
    "due": (Column("due_at", "item", instant=True, nullable=False),),
    "since": (Column("since", "item", instant=True, nullable=False),),
}
_JOURNEY = "MATCH (this)-[:CONCERNS]->(:SourceRecord)-[:DESCRIBES]->(:Customer)-[:EXPERIENCED]->(item:Interaction)"

ALERTS = Traversal("MATCH (item:Alert)", orders=_ORDERS, order="raised", descending=True)
ALERTS_BY_ID = Traversal("UNWIND $ids AS id MATCH (item:Alert {id: id})", parameters=("ids",))
ALERTS_OF_CUSTOMER = Traversal(
    "MATCH (this)<-[:DESCRIBES]-(:SourceRecord)<-[:CONCERNS]-(item:Alert)",
    orders=_ORDERS,
    order="raised",
    descending=True,
)
CUSTOMER_OF_ALERT = Traversal("MATCH (this)-[:CONCERNS]->(:SourceRecord)-[:DESCRIBES]->(item:Customer)")
CAUSE_OF_ALERT = Traversal("MATCH (this)-[:RAISED_BY]->(item:Interaction)")
FOLLOW_UP = Traversal(
    _JOURNEY,
    where="item.at > this.since AND item.direction = 'outbound' AND NOT coalesce(item.automated, false) "
    "AND item.campaign IS NULL AND item.kind <> 'survey.sent'",
    orders=_IN_ORDER,
    order="at",
)
"""The first outbound, not automated, not campaign interaction after what the alert is about came to hold."""

NEXT_SCORE = Traversal(
    _JOURNEY,
    where="item.at > this.since AND item.score IS NOT NULL AND (this.metric IS NULL OR item.metric = this.metric)",
    orders=_IN_ORDER,
    order="at",
    shown={"better": "item.score > this.threshold"},
)
"""The first score after it; of a low score the first of the same metric, and whether it is no longer low."""
SCORE_ITSELF = Traversal("WITH this, this AS item")
DEEDS = Traversal("MATCH (this)<-[:HAPPENED_TO]-(item:AlertEvent)", orders={"at": (_AT,)}, order="at")
