// Loops: customers come back to a kind of step after one or more others (not automated). The way round, how often it was
// gone, by how many customers, and how many days it took (median). The same step twice in a row is no loop.
// :param steps => 4   the longest way back (default)
// :param since => datetime("2000-01-01T00:00:00Z")   steps from then on (default)
// :param until => datetime("2100-01-01T00:00:00Z")   steps before then (default)
// :param top => 20   how many loops (default)
MATCH (c:Customer)
CALL (c) {
  MATCH (c)-[:EXPERIENCED]->(i:Interaction)
  WHERE i.at >= $since AND i.at < $until AND NOT coalesce(i.automated, false)
  WITH i ORDER BY i.at, i.sequence, i.id
  RETURN collect([i.kind, i.at.epochMillis]) AS events
}
WITH c, [k IN range(0, size(events) - 1) WHERE k = size(events) - 1 OR events[k][0] <> events[k + 1][0] | events[k]] AS steps
WHERE size(steps) > 2
UNWIND range(2, size(steps) - 1) AS k
WITH c, steps, k, [d IN range(2, $steps) WHERE d <= k AND steps[k - d][0] = steps[k][0] | k - d][0] AS start
WHERE start IS NOT NULL
WITH c, reduce(loop = steps[start][0], step IN steps[start + 1..k + 1] | loop + " > " + step[0]) AS loop,
     (steps[k][1] - steps[start][1]) / 86400000.0 AS days
RETURN loop, count(*) AS times, count(DISTINCT c) AS customers, round(percentileCont(days, 0.5) * 10) / 10 AS median_days
ORDER BY times DESC, loop
LIMIT toInteger($top)
