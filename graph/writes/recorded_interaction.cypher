// An interaction that was recorded before, who experienced it, and the hash of the request that reported it.
// :param id => "recorded/interactions/0197"
MATCH (i:Interaction {id: $id})
OPTIONAL MATCH (c:Customer)-[:EXPERIENCED]->(i)
RETURN i.id, c.id, i.request
