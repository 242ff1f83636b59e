// What ties each record of customers to another one.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (c:Customer {id: id})<-[d:DESCRIBES]-(r:SourceRecord)
WHERE d.evidence IS NOT NULL
RETURN id, d.evidence
ORDER BY id, r.key
