// who_is_reached.cypher: whose are whole addresses and numbers, and numbers that begin or end so.
// :param keys => ['email:ada@x.test']    keys of whole ones
// :param starts => ['phone:+4930']       how the key of a number begins
// :param endings => ['654321']           digits that a number ends with, the last one first
// :param most => 500                     so many of each
CALL () {
  UNWIND $keys AS key MATCH (i:Identifier {key: key})
  MATCH (i)<-[:HAS_IDENTIFIER]-(:SourceRecord)-[:DESCRIBES]->(c:Customer)
  WITH DISTINCT i, c ORDER BY c.sort_name, c.id LIMIT $most
  RETURN collect([i.key, c.id, c.sort_name]) AS whole
}
CALL () {
  UNWIND $starts AS start MATCH (i:Identifier) WHERE i.key STARTS WITH start
  WITH i ORDER BY i.key LIMIT $most
  MATCH (i)<-[:HAS_IDENTIFIER]-(:SourceRecord)-[:DESCRIBES]->(c:Customer)
  WITH DISTINCT i, c ORDER BY i.key, c.sort_name, c.id LIMIT $most
  RETURN collect([i.key, c.id, c.sort_name]) AS beginnings
}
CALL () {
  UNWIND $endings AS ending MATCH (i:Identifier) WHERE i.backwards STARTS WITH ending
  WITH DISTINCT i ORDER BY i.key LIMIT $most
  MATCH (i)<-[:HAS_IDENTIFIER]-(:SourceRecord)-[:DESCRIBES]->(c:Customer)
  WITH DISTINCT i, c ORDER BY i.key, c.sort_name, c.id LIMIT $most
  RETURN collect([i.key, c.id, c.sort_name]) AS ended
}
RETURN whole + beginnings + ended
