// The records that describe customers.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (c:Customer {id: id})<-[:DESCRIBES]-(r:SourceRecord)
WITH c.id AS id, collect([r.key, r.kind, r.source, r.body, r.phones, r.deleted_at IS NOT NULL]) AS records
RETURN collect([id, records])
