// How long customers take from one stage to another, in days, from when they first reached it. Those who have not got
// there yet count as waiting, not as left out (Kaplan-Meier): the median is the moment by which half of all have
// arrived; it is empty when the curve does not get that far.
// :param from => "lead"   a stage
// :param to => "customer"   a later stage
// :param now => datetime()   until when those who wait have waited (default)
MATCH (c:Customer)-[a:REACHED]->(:Stage {name: $from})
WHERE a.at <= $now
WITH c, min(a.at) AS since
OPTIONAL MATCH (c)-[b:REACHED]->(:Stage {name: $to})
WHERE b.at >= since AND b.at <= $now
WITH c, since, min(b.at) AS arrived, $now AS now
WITH (coalesce(arrived, now).epochMillis - since.epochMillis) / 86400000.0 AS days, arrived IS NOT NULL AS has_arrived
ORDER BY days, has_arrived DESC
WITH collect([days, has_arrived]) AS rows
WITH rows, size(rows) AS n, size([r IN rows WHERE r[1]]) AS reached
WITH n, reached, reduce(curve = [1.0, -1.0, -1.0], k IN range(0, n - 1) |
  CASE WHEN NOT rows[k][1] THEN curve ELSE
    [curve[0] * (n - k - 1) / (n - k),
     CASE WHEN curve[1] < 0 AND curve[0] * (n - k - 1) / (n - k) <= 0.500000000001 THEN rows[k][0] ELSE curve[1] END,
     CASE WHEN curve[2] < 0 AND curve[0] * (n - k - 1) / (n - k) <= 0.100000000001 THEN rows[k][0] ELSE curve[2] END] END) AS curve
RETURN n AS customers, reached, n - reached AS waiting,
       CASE WHEN curve[1] < 0 THEN null ELSE round(curve[1] * 10) / 10 END AS median_days,
       CASE WHEN curve[2] < 0 THEN null ELSE round(curve[2] * 10) / 10 END AS p90_days
