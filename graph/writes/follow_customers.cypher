// Former ids go along with the records that they stood for: another customer answers for them from now on.
// :param rows => [{former: "0197-old", now: "0197-id"}]
UNWIND $rows AS row
MATCH (f:FormerId {id: row.former})
MATCH (c:Customer {id: row.now})
OPTIONAL MATCH (f)-[stands:NOW]->()
DELETE stands
SET f.now = row.now
CREATE (f)-[:NOW]->(c)
