// Handoffs: the responsible team or owner changes for the same matter. From whom to whom, how often, of how many
// customers, how long they waited for the new team's first own answer (hours), and how many wait still.
// :param since => datetime("2000-01-01T00:00:00Z")   handed over from then on (default)
// :param until => datetime("2100-01-01T00:00:00Z")   handed over before then (default)
MATCH (c:Customer)-[:EXPERIENCED]->(:Interaction)-[h:HANDOFF]->(:Interaction)
WHERE h.at >= $since AND h.at < $until
RETURN h.from_function AS from_function, h.from_team AS from_team, h.to_function AS to_function, h.to_team AS to_team,
       count(h) AS handoffs, count(DISTINCT c) AS customers,
       round(percentileCont(h.wait_seconds / 3600.0, 0.5) * 10) / 10 AS median_hours,
       round(percentileCont(h.wait_seconds / 3600.0, 0.9) * 10) / 10 AS p90_hours,
       round(percentileCont(h.business_wait_seconds / 3600.0, 0.5) * 10) / 10 AS median_business_hours,
       count(h) - count(h.wait_seconds) AS waiting
ORDER BY handoffs DESC, from_function, from_team, to_function, to_team
