// What customers experienced, with stage and touchpoint.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (c:Customer {id: id})-[:EXPERIENCED]->(i:Interaction)-[:AT]->(t:Touchpoint)
RETURN collect([c.id, i.id, i.stage, t.key])
