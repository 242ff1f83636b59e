// How many have gone from one stage to another by which day after they first reached it (Kaplan-Meier, in whole days):
// those who have not got there yet count as long as they have been seen. `share`: arrived by the end of that day, with
// the 95 % interval (Greenwood, log-log); a day on which nobody arrived has no row.
// :param from => "lead"   a stage
// :param to => "customer"   a later stage
// :param now => datetime()   until when those who wait have waited (default)
MATCH (c:Customer)-[a:REACHED]->(:Stage {name: $from})
WHERE a.at <= $now
WITH c, min(a.at) AS since
OPTIONAL MATCH (c)-[b:REACHED]->(:Stage {name: $to})
WHERE b.at >= since AND b.at <= $now
WITH c, since, min(b.at) AS arrived, $now AS now
WITH (coalesce(arrived, now).epochMillis - since.epochMillis) / 86400000 AS day, arrived IS NOT NULL AS has_arrived
WITH day, sum(CASE WHEN has_arrived THEN 1 ELSE 0 END) AS arrived, count(*) AS leave ORDER BY day
WITH collect([day, arrived, leave]) AS days, sum(leave) AS n
UNWIND range(0, size(days) - 1) AS k
WITH days, k, reduce(at_risk = n, d IN days[0..k] | at_risk - d[2]) AS at_risk
WITH days[k][0] AS day, days[k][1] AS arrived, at_risk
WHERE arrived > 0
WITH day, arrived, at_risk ORDER BY day
WITH collect([day, arrived, at_risk]) AS days
UNWIND range(0, size(days) - 1) AS k
WITH days[k] AS d, reduce(waiting = 1.0, e IN days[0..k + 1] | waiting * (1 - 1.0 * e[1] / e[2])) AS waiting,
     reduce(variance = 0.0, e IN days[0..k + 1] | variance + CASE WHEN e[2] = e[1] THEN 0.0 ELSE 1.0 * e[1] / (e[2] * (e[2] - e[1])) END) AS variance
WITH d, waiting, CASE WHEN waiting > 0 AND waiting < 1 THEN 1.959963984540054 * sqrt(variance) / abs(log(waiting)) END AS spread,
     CASE WHEN waiting > 0 THEN waiting ELSE 1.0 END AS base
RETURN d[0] AS day, d[2] AS at_risk, d[1] AS arrived, round(1000 * (1 - waiting)) / 1000 AS share,
       round(1000 * (1 - base ^ exp(-spread))) / 1000 AS low, round(1000 * (1 - base ^ exp(spread))) / 1000 AS high
ORDER BY day
