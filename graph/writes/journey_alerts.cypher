// Alerts of customers, as their columns hold them, in the order of `graph/journeys/layout.py`.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (:Customer {id: id})<-[:DESCRIBES]-(:SourceRecord)<-[:CONCERNS]-(a:Alert)
RETURN collect([id, a.id, a.rule, a.condition, a.cause, a.since.epochMillis, a.raised_at.epochMillis, a.due_at.epochMillis, a.status,
                a.owner, a.resolved_at.epochMillis, a.outcome, a.metric, a.threshold])
