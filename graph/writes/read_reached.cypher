// The stages that customers reached.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (c:Customer {id: id})-[r:REACHED]->(s:Stage)
RETURN collect([c.id, s.name, r.ordinal, r.at.epochMillis, r.left_at.epochMillis, r.cause, r.from_stage, r.regression])
