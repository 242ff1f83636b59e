// What ties records to their customers, as the last link run told it.
// :param keys => ["crm/contacts/1"]
UNWIND $keys AS key
MATCH (:SourceRecord {key: key})-[d:DESCRIBES]->(:Customer)
WHERE d.evidence IS NOT NULL
RETURN d.evidence
