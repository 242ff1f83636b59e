// After a rebuild: former ids point to their customers again.
MATCH (f:FormerId)
WHERE NOT EXISTS { (f)-[:NOW]->() }
MATCH (c:Customer {id: f.now})
CREATE (f)-[:NOW]->(c)
