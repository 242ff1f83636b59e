// What came before a ticket: the last steps (not automated) of the customers who opened one, how often, of how many customers.
// :param kind => "ticket.created"   the kind of interaction the paths lead to (default)
// :param steps => 3   how many steps back (default)
// :param since => datetime("2000-01-01T00:00:00Z")   tickets from then on (default)
// :param until => datetime("2100-01-01T00:00:00Z")   tickets before then (default)
// :param top => 20   how many paths (default)
MATCH (c:Customer)-[:EXPERIENCED]->(t:Interaction {kind: $kind})
WHERE t.at >= $since AND t.at < $until
OPTIONAL MATCH (c)-[:EXPERIENCED]->(b:Interaction)
WHERE NOT coalesce(b.automated, false)
  AND (b.at < t.at OR (b.at = t.at AND (b.sequence < t.sequence OR (b.sequence = t.sequence AND b.id < t.id))))
WITH c, t, b ORDER BY b.at DESC, b.sequence DESC, b.id DESC
WITH c, t, collect(b.kind) AS before
WITH c, before[0..toInteger($steps)] AS steps
WITH c, reduce(path = $kind, step IN steps | step + " > " + path) AS path
RETURN path, count(*) AS tickets, count(DISTINCT c) AS customers
ORDER BY tickets DESC, path
LIMIT toInteger($top)
