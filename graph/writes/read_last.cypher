// Where the journeys of customers end.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (c:Customer {id: id})-[:LAST]->(i:Interaction)
RETURN collect([c.id, i.id, ""])
