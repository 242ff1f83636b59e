// The records that describe accounts.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (a:Account {id: id})<-[:DESCRIBES]-(r:SourceRecord)
RETURN a.id, collect([r.key, r.source, r.body])
