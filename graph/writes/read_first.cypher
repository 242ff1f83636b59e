// Where the journeys of customers begin.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (c:Customer {id: id})-[:FIRST]->(i:Interaction)
RETURN collect([c.id, i.id, ""])
