// What may be done about an alert follows from this; and whom it concerns.
// :param id => "0f3a"
MATCH (a:Alert {id: $id})
OPTIONAL MATCH (a)-[:CONCERNS]->(:SourceRecord)-[:DESCRIBES]->(c:Customer)
RETURN a.status, a.owner, a.snoozed_until.epochMillis, a.resolved_at.epochMillis, a.outcome, a.note, c.id
