// What brought customers back: the first activity (inbound, not automated) after so many inactive days, by kind and
// channel; how long they had been away (median), and how many bought within 90 days of coming back.
// :param days => 90   how long an inactivity must be (default)
// :param since => datetime("2000-01-01T00:00:00Z")   returns from then on (default)
// :param until => datetime("2100-01-01T00:00:00Z")   returns before then (default)
MATCH (c:Customer)
CALL (c) {
  MATCH (c)-[:EXPERIENCED]->(i:Interaction)
  WHERE i.direction = "inbound" AND NOT coalesce(i.automated, false)
  WITH i ORDER BY i.at, i.sequence, i.id
  RETURN collect([i.kind, i.channel, i.at]) AS active
}
WITH c, active WHERE size(active) > 1
UNWIND range(1, size(active) - 1) AS k
WITH c, active[k][0] AS kind, active[k][1] AS channel, active[k][2] AS back, active[k - 1][2] AS left
WITH c, kind, channel, back, (back.epochMillis - left.epochMillis) / 86400000.0 AS away
WHERE away > $days AND back >= $since AND back < $until
WITH c, kind, channel, away,
  EXISTS { MATCH (c)-[:EXPERIENCED]->(o:Interaction)
           WHERE o.kind IN ["order.placed", "deal.won", "subscription.started", "subscription.renewed"] AND o.at >= back
             AND o.at.epochMillis <= back.epochMillis + 90 * 86400000 } AS bought
RETURN kind, channel, count(*) AS returns, count(DISTINCT c) AS customers, round(percentileCont(away, 0.5) * 10) / 10 AS median_days_away,
       sum(CASE WHEN bought THEN 1 ELSE 0 END) AS then_bought
ORDER BY returns DESC, kind, channel
