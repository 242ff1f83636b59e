// All households and colleagues.
MATCH (c:Customer)-[r:RELATED]->(o:Customer)
RETURN c.id, o.id, r.kind, r.probability
