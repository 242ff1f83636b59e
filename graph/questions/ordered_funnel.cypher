// How far customers get along ordered steps (not automated): for each the longest chain from any start in the period whose
// window is over, every step of it within the window after that start, whatever lies between. `immature`, told at the first step: customers of whom there are only starts whose window is still open; they are in no step.
// :param steps => ["form.submitted", "deal.created", "deal.won"]   kinds, in order
// :param window_days => 90   how long a chain may take (default)
// :param since => datetime("2000-01-01T00:00:00Z")   starts from then on (default)
// :param until => datetime("2100-01-01T00:00:00Z")   starts before then (default)
// :param now => datetime()   the moment from which one looks back (default)
MATCH (c:Customer)-[:EXPERIENCED]->(i:Interaction)
WHERE i.kind IN $steps AND i.at >= $since AND i.at <= $now AND NOT coalesce(i.automated, false)
WITH c, i, $now AS now ORDER BY i.at, i.sequence, i.id
WITH c, collect([i.kind, i.at.epochMillis, i.at < $until, i.at.epochMillis + $window_days * 86400000 <= now.epochMillis]) AS events
WITH events, reduce(starts = [s IN $steps | -1], e IN events |
  [k IN range(0, size($steps) - 1) | CASE
    WHEN e[0] <> $steps[k] THEN starts[k]
    WHEN k = 0 THEN CASE WHEN e[2] AND e[3] THEN e[1] ELSE starts[0] END
    WHEN starts[k - 1] >= 0 AND e[1] - starts[k - 1] <= $window_days * 86400000 THEN starts[k - 1]
    ELSE starts[k] END]) AS starts
WITH reduce(depth = 0, k IN range(0, size($steps) - 1) | CASE WHEN starts[k] >= 0 THEN k + 1 ELSE depth END) AS depth,
     size([e IN events WHERE e[0] = $steps[0] AND e[2]]) > 0 AS has_started
WITH collect([depth, has_started]) AS customers
UNWIND range(1, size($steps)) AS step
WITH step, size([x IN customers WHERE x[0] >= step]) AS reached, size([x IN customers WHERE x[0] > 0]) AS started,
     size([x IN customers WHERE x[0] = 0 AND x[1]]) AS immature
RETURN step, $steps[step - 1] AS kind, reached AS customers,
       CASE WHEN started = 0 THEN null ELSE round(1000.0 * reached / started) / 1000 END AS share_of_started,
       CASE WHEN step = 1 THEN immature END AS immature
ORDER BY step
