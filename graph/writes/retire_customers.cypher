// Ids that no record has any more: they answer for ever for the customer that took their records.
// :param rows => [{former: "0197-old", now: "0197-id"}]
// :param now => 1751328000000
UNWIND $rows AS row
MATCH (c:Customer {id: row.now})
MERGE (f:FormerId {id: row.former})
ON CREATE SET f.since = datetime({epochMillis: $now})
SET f.now = row.now
CREATE (f)-[:NOW]->(c)
