// Some records of a source, and their identifiers; whom they describe is derived again, and who works for them.
// :param prefix => "helpdesk/"
MATCH (r:SourceRecord)
WHERE r.key STARTS WITH $prefix
WITH r LIMIT 2000
WITH collect(r) AS records
CALL (records) {
  UNWIND records AS r
  MATCH (r)-[:DESCRIBES]->(c)
  SET c.stale = true
  RETURN count(c) AS described
}
CALL (records) {
  UNWIND records AS r
  MATCH (r)-[:DESCRIBES]->(:Account)<-[:WORKS_FOR]-(c:Customer)
  SET c.stale = true
  RETURN count(c) AS employed
}
UNWIND CASE WHEN size(records) = 0 THEN [null] ELSE records END AS r
OPTIONAL MATCH (r)-[:HAS_IDENTIFIER]->(i:Identifier)
RETURN collect(DISTINCT r.key), collect(DISTINCT i.key)
