// The stages that customers reached, as their columns hold them, in the order of `graph/journeys/layout.py`.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (c:Customer {id: id})-[r:REACHED]->(s:Stage)
RETURN collect([id, s.name, r.ordinal, r.at.epochMillis, r.left_at.epochMillis, r.cause, r.from_stage, r.regression])
