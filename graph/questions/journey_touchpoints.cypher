// The way of each customer through a period, step by step, by touchpoint: one row a customer, [[key, epoch milliseconds], …] in order, and how many interactions were left out of it.
// :param from => datetime("2026-01-01T00:00:00Z")
// :param to => datetime("2026-04-01T00:00:00Z")
// :param exclude => ["email.sent"]   kinds that do not count
// :param automated => false   whether what machines did counts too
// :param collapse => true   whether the same key twice in a row is one step
// :param most => 21   no path is given longer than this
MATCH (c:Customer)
CALL (c) {
  MATCH (c)-[:EXPERIENCED]->(i:Interaction)
  WHERE i.at >= $from AND i.at < $to
  OPTIONAL MATCH (i)-[:AT]->(t:Touchpoint)
  WITH i, CASE WHEN NOT i.kind IN $exclude AND ($automated OR NOT coalesce(i.automated, false)) THEN t.key END AS key
  ORDER BY i.at, i.sequence, i.id
  RETURN sum(CASE WHEN key IS NULL THEN 1 ELSE 0 END) AS left_out,
         collect(CASE WHEN key IS NULL THEN null ELSE [key, i.at.epochMillis] END) AS events
}
WITH left_out, events WHERE left_out > 0 OR size(events) > 0
WITH left_out, [p IN range(0, size(events) - 1) WHERE p = 0 OR NOT $collapse OR events[p][0] <> events[p - 1][0] | events[p]] AS path
RETURN path[0..$most] AS path, left_out
