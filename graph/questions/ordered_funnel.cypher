// How far customers get along ordered steps: for each the longest chain from any start in the period, every step of it
// within the window after that start, whatever lies between. `immature`: they stopped at this step, but the window of their latest start is still open.
// :param steps => ["form.submitted", "deal.created", "deal.won"]   kinds, in order
// :param window_days => 90   how long a chain may take (default)
// :param since => datetime("2000-01-01T00:00:00Z")   starts from then on (default)
// :param until => datetime("2100-01-01T00:00:00Z")   starts before then (default)
// :param now => datetime()   the moment from which one looks back (default)
MATCH (c:Customer)-[:EXPERIENCED]->(i:Interaction)
WHERE i.kind IN $steps AND i.at >= $since AND i.at <= $now
WITH c, i ORDER BY i.at, i.sequence, i.id
WITH c, collect([i.kind, i.at.epochMillis, i.at < $until]) AS events
WITH c, reduce(starts = [s IN $steps | -1], e IN events |
  [k IN range(0, size($steps) - 1) | CASE
    WHEN e[0] <> $steps[k] THEN starts[k]
    WHEN k = 0 THEN CASE WHEN e[2] THEN e[1] ELSE starts[0] END
    WHEN starts[k - 1] >= 0 AND e[1] - starts[k - 1] <= $window_days * 86400000 THEN starts[k - 1]
    ELSE starts[k] END]) AS starts, $now AS now
WITH reduce(depth = 0, k IN range(0, size($steps) - 1) | CASE WHEN starts[k] >= 0 THEN k + 1 ELSE depth END) AS depth,
     now.epochMillis - starts[0] < $window_days * 86400000 AS is_open
WHERE depth > 0
WITH collect([depth, is_open]) AS customers
UNWIND range(1, size($steps)) AS step
WITH step, size([x IN customers WHERE x[0] >= step]) AS reached, size(customers) AS started,
     size([x IN customers WHERE x[0] = step AND step < size($steps) AND x[1]]) AS immature
RETURN step, $steps[step - 1] AS kind, reached AS customers,
       CASE WHEN started = 0 THEN null ELSE round(1000.0 * reached / started) / 1000 END AS share_of_started, immature
ORDER BY step
