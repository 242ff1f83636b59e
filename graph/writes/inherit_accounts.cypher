// Former ids of an id that is retired now: they answer for its heir, too.
// :param rows => [{former: "0197-old", now: "0197-id"}]
UNWIND $rows AS row
MATCH (f:FormerId {now: row.former})
MATCH (c:Account {id: row.now})
OPTIONAL MATCH (f)-[stands:NOW]->()
DELETE stands
SET f.now = row.now
CREATE (f)-[:NOW]->(c)
