// Account records that may be one company with others: those that showed one of these names or domains when they were linked last, that are named, that their source has merged into one of some records, or that describe an account together with one of them.
// :param names => ["GB:acme"]
// :param domains => ["acme.test"]
// :param named => ["crm/companies/2"]
// :param keys => ["crm/companies/1"]
// :param most => 10000    of each way to find them
CALL () {
  UNWIND $names AS name
  MATCH (r:SourceRecord {linked_name: name})
  WITH r LIMIT $most
  RETURN collect(r) AS by_name
}
CALL () {
  UNWIND $domains AS domain
  MATCH (r:SourceRecord {linked_domain: domain})
  WITH r LIMIT $most
  RETURN collect(r) AS by_domain
}
CALL () {
  UNWIND $named AS key
  MATCH (r:SourceRecord {key: key})
  RETURN collect(r) AS by_key
}
CALL () {
  UNWIND $keys AS key
  MATCH (r:SourceRecord {merged_into: key})
  WITH r LIMIT $most
  RETURN collect(r) AS merged
}
CALL () {
  UNWIND $keys AS key
  MATCH (:SourceRecord {key: key})-[:DESCRIBES]->(a:Account)
  WITH DISTINCT a
  MATCH (r:SourceRecord)-[:DESCRIBES]->(a)
  WITH r LIMIT $most
  RETURN collect(r) AS together
}
UNWIND by_name + by_domain + by_key + merged + together AS r
WITH DISTINCT r
WHERE r.kind = "account"
OPTIONAL MATCH (r)-[:DESCRIBES]->(a:Account)
RETURN r.key, r.body, r.pending, r.linked_name, r.linked_domain, a.id
