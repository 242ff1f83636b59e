// First-contact resolution by topic: of the tickets older than the window, how many were reopened, handed to another
// team (to another agent of the same team is no transfer) or followed by another ticket of the same customer on the same topic within it; the rest was solved at first contact, with the 95 % Wilson interval.
// :param days => 7   the window (default)
// :param since => datetime("2000-01-01T00:00:00Z")   tickets from then on (default)
// :param now => datetime()   the moment from which one looks back (default)
MATCH (c:Customer)-[:EXPERIENCED]->(a:Interaction {kind: "ticket.created"})
WHERE a.at >= $since AND a.at <= $now
WITH c, a, $now AS now
WHERE a.at.epochMillis <= now.epochMillis - $days * 86400000
WITH c, a, coalesce(a.topic, "no topic") AS topic,
  EXISTS { MATCH (c)-[:EXPERIENCED]->(b:Interaction {kind: "ticket.created"})
           WHERE b.id <> a.id AND b.topic = a.topic AND b.at >= a.at AND b.at.epochMillis <= a.at.epochMillis + $days * 86400000 } AS repeated,
  EXISTS { MATCH (c)-[:EXPERIENCED]->(b:Interaction {kind: "ticket.reopened"})
           WHERE b.ticket = a.ticket AND b.at >= a.at AND b.at.epochMillis <= a.at.epochMillis + $days * 86400000 } AS reopened,
  EXISTS { MATCH (c)-[:EXPERIENCED]->(b:Interaction)-[h:HANDOFF]->(:Interaction)
           WHERE b.ticket = a.ticket AND h.matter = "ticket:" + a.ticket AND h.at >= a.at AND h.at.epochMillis <= a.at.epochMillis + $days * 86400000 } AS transferred
WITH topic, count(*) AS n, sum(CASE WHEN repeated THEN 1 ELSE 0 END) AS repeated, sum(CASE WHEN reopened THEN 1 ELSE 0 END) AS reopened,
     sum(CASE WHEN transferred THEN 1 ELSE 0 END) AS transferred,
     sum(CASE WHEN repeated OR reopened OR transferred THEN 0 ELSE 1 END) AS at_once
WITH topic, n, repeated, reopened, transferred, at_once, 1.0 * at_once / n AS p
WITH topic, n, repeated, reopened, transferred, at_once, p, 1.96 * sqrt(p * (1 - p) / n + 0.9604 / (n * n)) AS spread
RETURN topic, n AS tickets, repeated, reopened, transferred, at_once, round(1000 * p) / 1000 AS share,
       round(1000 * (p + 1.9208 / n - spread) / (1 + 3.8416 / n)) / 1000 AS low,
       round(1000 * (p + 1.9208 / n + spread) / (1 + 3.8416 / n)) / 1000 AS high
ORDER BY tickets DESC, topic
