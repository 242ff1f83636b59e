// Detractors (NPS 0 to 6) whom nobody answered in time. A follow-up is the first outbound interaction after the score
// that is neither automated nor part of a campaign. Scores too young to be late are left out.
// :param now => datetime()   the moment from which one looks back (default)
// :param since => datetime("2000-01-01T00:00:00Z")   scores from then on (default)
// :param hours => 48   how soon a follow-up must come (default)
MATCH (c:Customer)-[:EXPERIENCED]->(s:Interaction {kind: "survey.answered"})
WHERE s.metric = "nps" AND s.score <= 6 AND s.at >= $since AND s.at <= $now
WITH c, s, $now AS now
WHERE s.at.epochMillis <= now.epochMillis - $hours * 3600000
OPTIONAL MATCH (c)-[:EXPERIENCED]->(f:Interaction {direction: "outbound"})
WHERE f.at > s.at AND f.at <= now AND NOT coalesce(f.automated, false) AND f.campaign IS NULL
WITH c, s, min((f.at.epochMillis - s.at.epochMillis) / 3600000.0) AS hours_until
WHERE hours_until IS NULL OR hours_until > $hours
OPTIONAL MATCH (s)-[:ABOUT]->(i:Interaction)-[:AT]->(t:Touchpoint)
RETURN c.id AS id, c.display_name AS name, c.owner AS owner, s.score AS score, s.text AS comment, s.at AS at, s.program AS program,
       t.name AS about, round(hours_until * 10) / 10 AS answered_after_hours
ORDER BY score, at, id, s.id
