"""Matters: what interactions belong to, with what follows from them: a ticket's state, a deal's amount.

No source keeps a matter's state where all others keep theirs; what all of them tell are its events. So the state is
that of the last event that says one, in the order `(at, sequence)`; of events of one moment the one that ends the
matter is the last, because systems report the stage and the end of a deal at once. All participants' events count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graph.reading import Column, Traversal


@dataclass(frozen=True, slots=True)
class MatterRule:
    """How matters of one label are read from their interactions."""

    label: str
    states: Mapping[str, str]
    """Kind of interaction → the state that it leaves the matter in."""
    ends: frozenset[str]
    """States in which the matter is over."""
    unsaid: str | None = None
    """The state of a matter whose events say none."""
    amount: str = "null"
    """The amount that an `event` gives the matter, as Cypher; the last one holds."""


TICKET = MatterRule(
    "Ticket",
    {"ticket.created": "OPEN", "ticket.reopened": "OPEN", "ticket.solved": "SOLVED"},
    frozenset({"SOLVED"}),
    unsaid="OPEN",
)
DEAL = MatterRule(
    "Deal",
    {"deal.created": "OPEN", "deal.stage_changed": "OPEN", "deal.won": "WON", "deal.lost": "LOST"},
    frozenset({"WON", "LOST"}),
    unsaid="OPEN",
    amount="CASE WHEN event.kind STARTS WITH 'deal.' THEN event.amount END",
)
ORDER = MatterRule(
    "Order",
    {"order.placed": "PLACED", "order.refunded": "REFUNDED", "order.cancelled": "CANCELLED"},
    frozenset({"REFUNDED", "CANCELLED"}),
    amount="CASE WHEN event.kind = 'order.placed' THEN event.amount END",
)
SUBSCRIPTION = MatterRule(
    "Subscription",
    {
        "trial.started": "TRIAL",
        "subscription.started": "ACTIVE",
        "subscription.changed": "ACTIVE",
        "subscription.renewed": "ACTIVE",
        "subscription.paused": "PAUSED",
        "subscription.cancelled": "CANCELLED",
    },
    frozenset({"CANCELLED"}),
    amount="event.recurring_amount",
)

_ORDERS = {
    "opened": (Column("opened_at", "item", instant=True),),
    "last": (Column("last_at", "item", instant=True),),
    "closed": (Column("closed_at", "item", instant=True),),
    "amount": (Column("amount", "item"),),
}


def _read(rule: MatterRule, way: str, carried: str = "") -> Traversal:
    """Matters at the end of a way that binds `matter`; the row is a map of what follows from their interactions."""
    kinds = _texts(rule.states)
    ending = _texts(kind for kind, state in rule.states.items() if state in rule.ends)
    states = " ".join(f"WHEN '{kind}' THEN '{state}'" for kind, state in rule.states.items())
    unsaid = "null" if rule.unsaid is None else f"'{rule.unsaid}'"
    return Traversal(
        f"{way} CALL (matter) {{ MATCH (matter)<-[:PART_OF]-(event:Interaction) WHERE event.deleted_at IS NULL "
        f"WITH matter, event, {rule.amount} AS sum, CASE WHEN event.kind IN {ending} THEN 1 ELSE 0 END AS ending "
        "ORDER BY event.at, event.sequence, ending, event.id "
        "WITH matter, collect(event.at) AS moments, "
        f"collect(CASE WHEN event.kind IN {kinds} THEN event.at END) AS own, "
        f"last(collect(CASE WHEN event.kind IN {kinds} THEN event.kind END)) AS state, "
        "collect(event.subject) AS subjects, collect(event.channel) AS channels, collect(event.topic) AS topics, "
        "collect(event.team) AS teams, collect(event.agent) AS agents, collect(event.billing_period) AS periods, "
        "last(collect(CASE WHEN sum IS NOT NULL THEN [sum, event.currency] END)) AS price, "
        f"last(collect(CASE WHEN event.kind IN {ending} THEN event.reason END)) AS reason, "
        "count(DISTINCT coalesce(event.activity_id, event.id)) AS activities "
        f"RETURN {{id: matter.id, name: matter.name, source: matter.source, "
        f"status: CASE state {states} ELSE {unsaid} END, "
        f"opened_at: coalesce(own[0], moments[0]), last_at: last(moments), "
        f"closed_at: CASE WHEN state IN {ending} THEN last(own) END, "
        f"reason: CASE WHEN state IN {ending} THEN reason END, "
        "subject: subjects[0], channel: channels[0], topic: last(topics), team: last(teams), agent: last(agents), "
        "amount: price[0], currency: price[1], billing_period: last(periods), interaction_count: activities} AS item "
        f"}} WITH {carried}matter, item",
        variables=("item", "matter"),
        orders=_ORDERS,
        order="last",
        descending=True,
        parameters=("ids",) if "$ids" in way else (),
    )


def _texts(texts: Iterable[str]) -> str:
    return f"[{', '.join(repr(text) for text in texts)}]"


def _of_customer(rule: MatterRule) -> Traversal:
    way = f"MATCH (this)-[:EXPERIENCED]->(:Interaction)-[:PART_OF]->(matter:{rule.label}) WITH DISTINCT this, matter"
    return _read(rule, way, "this, ")


def _of_interaction(rule: MatterRule) -> Traversal:
    return _read(rule, f"MATCH (this)-[:PART_OF]->(matter:{rule.label})", "this, ")


def _by_id(rule: MatterRule) -> Traversal:
    return _read(rule, f"UNWIND $ids AS id MATCH (matter:{rule.label} {{id: id}})")


TICKETS, DEALS, ORDERS, SUBSCRIPTIONS = (_of_customer(rule) for rule in (TICKET, DEAL, ORDER, SUBSCRIPTION))
"""A customer's matters: those that something they experienced belongs to."""

TICKET_OF, DEAL_OF, ORDER_OF, SUBSCRIPTION_OF = (_of_interaction(rule) for rule in (TICKET, DEAL, ORDER, SUBSCRIPTION))
"""The matter of an interaction."""

TICKETS_BY_ID, DEALS_BY_ID, ORDERS_BY_ID, SUBSCRIPTIONS_BY_ID = (
    _by_id(rule) for rule in (TICKET, DEAL, ORDER, SUBSCRIPTION)
)

INTERACTIONS_OF_MATTER = Traversal(
    "MATCH (matter)<-[:PART_OF]-(item:Interaction)",
    where="item.deleted_at IS NULL",
    orders={
        "at": (Column("at", "item", instant=True, nullable=False), Column("sequence", "item", nullable=False)),
    },
    order="at",
)
"""All that belongs to a matter, of every participant, the oldest first."""

CUSTOMERS_OF_MATTER = Traversal(
    "MATCH (matter)<-[:PART_OF]-(part:Interaction)<-[:EXPERIENCED]-(customer:Customer) "
    "WITH DISTINCT this, customer AS item",
    orders={"name": (Column("sort_name", "item"),)},
    order="name",
)
