// How long customers stay with a function: a stay is an unbroken run of steps (not automated) of one function, from its
// first step until the first step of the next function. By function and the one they went to; without one they are still
// there, and no time is given. Going to another function is no handoff: those, with their wait, are the question handoffs.
// :param since => datetime("2000-01-01T00:00:00Z")   steps from then on (default)
// :param until => datetime("2100-01-01T00:00:00Z")   steps before then (default)
MATCH (c:Customer)
CALL (c) {
  MATCH (c)-[:EXPERIENCED]->(i:Interaction)
  WHERE i.at >= $since AND i.at < $until AND NOT coalesce(i.automated, false) AND i.function IS NOT NULL
  WITH i ORDER BY i.at, i.sequence, i.id
  RETURN collect([i.function, i.at.epochMillis]) AS steps
}
WITH c, steps, [k IN range(0, size(steps) - 1) WHERE k = 0 OR steps[k][0] <> steps[k - 1][0]] AS starts
UNWIND range(0, size(starts) - 1) AS s
WITH c, steps[starts[s]] AS first, coalesce(starts[s + 1], size(steps)) - starts[s] AS interactions,
     CASE WHEN s + 1 < size(starts) THEN steps[starts[s + 1]] END AS next
WITH c, first[0] AS function, next[0] AS then, interactions, (next[1] - first[1]) / 86400000.0 AS days
RETURN function, then, count(*) AS stays, count(DISTINCT c) AS customers,
       round(10.0 * sum(interactions) / count(*)) / 10 AS steps_a_stay,
       round(percentileCont(days, 0.5) * 10) / 10 AS median_days, round(percentileCont(days, 0.9) * 10) / 10 AS p90_days
ORDER BY function, stays DESC, then
