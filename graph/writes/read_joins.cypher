// What ties each record of a customer to another one.
// :param id => "0197-id"
MATCH (c:Customer {id: $id})<-[d:DESCRIBES]-(r:SourceRecord)
WHERE d.evidence IS NOT NULL
RETURN d.evidence
ORDER BY r.key
