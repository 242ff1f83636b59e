// What followed, for those who took the same last two steps (not automated) as this customer: which step came next, and
// how often the goal was reached within the window after it, with the 95 % Wilson interval; the surest first. Steps whose
// window is still open, and the goal itself as next step, are left out. It is an association, not an effect: who gets a call may differ from who gets none.
// :param id => "0197f3a2-0000-7000-8000-000000000000"   the customer's id
// :param goal => ["order.placed", "deal.won", "subscription.started"]   the kinds that are the goal (default)
// :param window_days => 30   how soon after the next step the goal must come (default)
// :param least => 5   next steps that were taken less often are left out (default)
// :param now => datetime()   the moment from which one looks back (default)
// :param top => 10   how many rows (default)
MATCH (:Customer {id: $id})-[:EXPERIENCED]->(i:Interaction)
WHERE NOT coalesce(i.automated, false) AND i.at <= $now
WITH i ORDER BY i.at DESC, i.sequence DESC, i.id DESC LIMIT 2
WITH collect(i.kind) AS last
WHERE size(last) = 2
WITH last[1] AS first_kind, last[0] AS second_kind
MATCH (x:Interaction {kind: first_kind}) ((:Interaction)-[:NEXT]->(m:Interaction) WHERE coalesce(m.automated, false)){0,9} (:Interaction)-[:NEXT]->(y:Interaction {kind: second_kind})
WHERE NOT coalesce(x.automated, false) AND NOT coalesce(y.automated, false)
MATCH (y) ((:Interaction)-[:NEXT]->(n:Interaction) WHERE coalesce(n.automated, false)){0,9} (:Interaction)-[:NEXT]->(z:Interaction)
WHERE NOT coalesce(z.automated, false) AND NOT z.kind IN $goal
WITH z, $now AS now
WHERE z.at.epochMillis + $window_days * 86400000 <= now.epochMillis
MATCH (c:Customer)-[:EXPERIENCED]->(z)
WHERE c.id <> $id
WITH c, z, EXISTS { MATCH (c)-[:EXPERIENCED]->(g:Interaction)
                    WHERE g.kind IN $goal AND g.at.epochMillis <= z.at.epochMillis + $window_days * 86400000
                      AND (g.at > z.at OR (g.at = z.at AND (g.sequence > z.sequence OR (g.sequence = z.sequence AND g.id > z.id)))) } AS hit
WITH z.kind AS next_step, z.channel AS channel, z.direction AS direction, count(*) AS n, count(DISTINCT c) AS customers,
     sum(CASE WHEN hit THEN 1 ELSE 0 END) AS reached
WHERE n >= $least
WITH next_step, channel, direction, n, customers, reached, 1.0 * reached / n AS share
WITH next_step, channel, direction, n, customers, reached, share, 1.96 * sqrt(share * (1 - share) / n + 0.9604 / (n * n)) AS spread
RETURN next_step, channel, direction, n, customers, reached, round(1000 * share) / 1000 AS share,
       round(1000 * (share + 1.9208 / n - spread) / (1 + 3.8416 / n)) / 1000 AS low,
       round(1000 * (share + 1.9208 / n + spread) / (1 + 3.8416 / n)) / 1000 AS high
ORDER BY low DESC, n DESC, next_step, channel, direction
LIMIT toInteger($top)
