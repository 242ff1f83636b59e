// Handoffs in customers' journeys, as their columns hold them, in the order of `graph/journeys/layout.py`.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (:Customer {id: id})-[:EXPERIENCED]->(a:Interaction)-[h:HANDOFF]->(b:Interaction)
RETURN collect([id, a.id, b.id, h.at.epochMillis, h.matter, h.from_team, h.to_team, h.from_function, h.to_function,
                h.wait_seconds, h.business_wait_seconds])
