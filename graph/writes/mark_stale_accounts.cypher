// Accounts described by records about which something new has landed.
// :param keys => ["crm/companies/1"]
UNWIND $keys AS key
MATCH (:SourceRecord {key: key})-[:DESCRIBES]->(a:Account)
SET a.stale = true
