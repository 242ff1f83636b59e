// After a rebuild: former ids point to their accounts again.
MATCH (f:FormerId)
WHERE NOT EXISTS { (f)-[:NOW]->() }
MATCH (c:Account {id: f.now})
CREATE (f)-[:NOW]->(c)
