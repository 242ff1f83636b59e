// The records of a customer, person records first; a former id leads to the customer that answers for it.
// :param id => "0197-id"
OPTIONAL MATCH (f:FormerId {id: $id})
WITH coalesce(f.now, $id) AS id
MATCH (c:Customer {id: id})<-[:DESCRIBES]-(r:SourceRecord)
WITH r ORDER BY CASE r.kind WHEN "person" THEN 0 ELSE 1 END, r.key
RETURN r.key
