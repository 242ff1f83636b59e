// who_is_reached.cypher: whose are whole addresses and numbers, and numbers that begin or end so.
// The embedded store finds beginnings by its index for a single value alone, not for null ('-' asks for nothing), and
// in no CALL.
// :param keys => ['email:ada@x.test']    keys of whole ones
// :param start => 'phone:+4930'          how the key of a number begins
// :param national => '3012'              how a number begins after the code of its country
// :param kept => '0669'                  the same with the zero that it was typed with, which Italy's numbers keep
// :param ending => '654321'              digits that a number ends with, the last one first
// :param most => 500                     so many of each, and so many who have it
UNWIND $keys AS key MATCH (i:Identifier {key: key})
WITH i ORDER BY i.key LIMIT $most
RETURN collect([i.key, COLLECT {
  MATCH (i)<-[:HAS_IDENTIFIER]-(:SourceRecord)-[:DESCRIBES]->(c:Customer)
  WITH DISTINCT c ORDER BY c.sort_name, c.id LIMIT $most
  RETURN [c.id, c.sort_name]
}]) AS reached
UNION ALL
MATCH (i:Identifier) WHERE i.key STARTS WITH $start
WITH i ORDER BY i.key LIMIT $most
RETURN collect([i.key, COLLECT {
  MATCH (i)<-[:HAS_IDENTIFIER]-(:SourceRecord)-[:DESCRIBES]->(c:Customer)
  WITH DISTINCT c ORDER BY c.sort_name, c.id LIMIT $most
  RETURN [c.id, c.sort_name]
}]) AS reached
UNION ALL
MATCH (i:Identifier) WHERE i.national STARTS WITH $national
WITH i ORDER BY i.key LIMIT $most
RETURN collect([i.key, COLLECT {
  MATCH (i)<-[:HAS_IDENTIFIER]-(:SourceRecord)-[:DESCRIBES]->(c:Customer)
  WITH DISTINCT c ORDER BY c.sort_name, c.id LIMIT $most
  RETURN [c.id, c.sort_name]
}]) AS reached
UNION ALL
MATCH (i:Identifier) WHERE i.national STARTS WITH $kept
WITH i ORDER BY i.key LIMIT $most
RETURN collect([i.key, COLLECT {
  MATCH (i)<-[:HAS_IDENTIFIER]-(:SourceRecord)-[:DESCRIBES]->(c:Customer)
  WITH DISTINCT c ORDER BY c.sort_name, c.id LIMIT $most
  RETURN [c.id, c.sort_name]
}]) AS reached
UNION ALL
MATCH (i:Identifier) WHERE i.backwards STARTS WITH $ending
WITH i ORDER BY i.key LIMIT $most
RETURN collect([i.key, COLLECT {
  MATCH (i)<-[:HAS_IDENTIFIER]-(:SourceRecord)-[:DESCRIBES]->(c:Customer)
  WITH DISTINCT c ORDER BY c.sort_name, c.id LIMIT $most
  RETURN [c.id, c.sort_name]
}]) AS reached
