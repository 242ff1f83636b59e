// The source says that these deals are gone: what a stream told of them stays as facts, marked, and leaves its journeys.
// :param rows => [{key: "helpdesk/7", source: "helpdesk", stream: "deals", at: 1751328000000}]
UNWIND $rows AS row
MATCH (:Deal {id: row.key})<-[:PART_OF]-(i:Interaction)
WHERE i.deleted_at IS NULL AND i.source = row.source AND i.stream = row.stream
SET i.deleted_at = datetime({epochMillis: row.at}), i.hash = "deleted"
WITH i
MATCH (c)-[:EXPERIENCED]->(i)
SET c.stale = true
