// Person records of the customers who are related to these.
// :param ids => ["0197-id"]
UNWIND $ids AS id
MATCH (:Customer {id: id})-[:RELATED]-(:Customer)<-[:DESCRIBES]-(r:SourceRecord {kind: "person"})
RETURN DISTINCT r.key, r.body
