// From which kind of step customers go to which: how often, how many of them, after how many days (median). What machines did is left out.
// :param since => datetime("2000-01-01T00:00:00Z")   steps from then on (default)
// :param until => datetime("2100-01-01T00:00:00Z")   steps before then (default)
// :param top => 50   how many rows (default)
MATCH (c:Customer)
CALL (c) {
  MATCH (c)-[:EXPERIENCED]->(i:Interaction)
  WHERE i.at >= $since AND i.at < $until AND NOT coalesce(i.automated, false)
  WITH i ORDER BY i.at, i.sequence, i.id
  RETURN collect([i.kind, i.at.epochMillis]) AS steps
}
WITH c, steps WHERE size(steps) > 1
UNWIND range(1, size(steps) - 1) AS k
WITH c, steps[k - 1][0] AS from, steps[k][0] AS to, (steps[k][1] - steps[k - 1][1]) / 86400000.0 AS days
RETURN from, to, count(*) AS traversals, count(DISTINCT c) AS customers, round(percentileCont(days, 0.5) * 10) / 10 AS median_days
ORDER BY traversals DESC, from, to
LIMIT toInteger($top)
