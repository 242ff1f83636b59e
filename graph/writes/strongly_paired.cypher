// Records that weigh enough with these to stand in one component, though they describe different customers.
// :param keys => ["crm/contacts/1"]
// :param bits => 1.0
UNWIND $keys AS key
MATCH (:SourceRecord {key: key})-[m:MAY_MATCH]-(other:SourceRecord)
WHERE m.weight >= $bits
RETURN DISTINCT other.key
