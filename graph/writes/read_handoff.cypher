// Handoffs in customers' journeys.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (:Customer {id: id})-[:EXPERIENCED]->(a:Interaction)-[h:HANDOFF]->(b:Interaction)
RETURN collect([a.id, b.id, h.matter, h.at.epochMillis, h.from_team, h.to_team, h.from_function, h.to_function,
                h.wait_seconds, h.business_wait_seconds])
