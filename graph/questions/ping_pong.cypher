// Ping-pong: a matter goes from one team to another and comes straight back. Between whom, how often, in how many
// matters of how many customers.
// :param since => datetime("2000-01-01T00:00:00Z")   handed over from then on (default)
// :param until => datetime("2100-01-01T00:00:00Z")   handed over before then (default)
MATCH (c:Customer)-[:EXPERIENCED]->(:Interaction)-[h:HANDOFF]->(to:Interaction)
WHERE h.at >= $since AND h.at < $until AND NOT h.matter STARTS WITH "link:"
WITH c, h, to ORDER BY h.at, to.sequence, to.id
WITH c, h.matter AS matter, collect([h.from_team, h.to_team]) AS steps
UNWIND range(0, size(steps) - 2) AS k
WITH c, matter, steps[k] AS there, steps[k + 1] AS back
WHERE there[0] = back[1] AND there[1] = back[0]
RETURN there[0] AS team, there[1] AS sent_to, count(*) AS bounces, count(DISTINCT matter) AS matters, count(DISTINCT c) AS customers
ORDER BY bounces DESC, team, sent_to
