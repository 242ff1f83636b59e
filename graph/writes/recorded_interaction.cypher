// An interaction that was recorded before, and who experienced it.
// :param id => "recorded/interactions/0197"
MATCH (i:Interaction {id: $id})
OPTIONAL MATCH (c:Customer)-[:EXPERIENCED]->(i)
RETURN i.id, c.id
