// The records that describe accounts.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (a:Account {id: id})<-[:DESCRIBES]-(r:SourceRecord)
WITH a.id AS id, collect([r.key, r.source, r.body]) AS records
RETURN collect([id, records])
