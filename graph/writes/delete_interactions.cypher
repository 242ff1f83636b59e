// The source says that these interactions are gone: they stay as facts, marked, and leave the journey of whoever had them.
// :param rows => [{key: "crm/deals/1:won", at: 1751328000000}]
UNWIND $rows AS row
MATCH (i:Interaction {id: row.key})
WHERE i.deleted_at IS NULL
SET i.deleted_at = datetime({epochMillis: row.at}), i.hash = "deleted"
WITH i
MATCH (c)-[:EXPERIENCED]->(i)
SET c.stale = true
