// What customers had to give again although another matter (a form, a ticket) had asked for it already: by field and by
// the two sources, how often, of how many customers, and after how many days (median).
// :param since => datetime("2000-01-01T00:00:00Z")   asked again from then on (default)
// :param until => datetime("2100-01-01T00:00:00Z")   asked again before then (default)
MATCH (c:Customer)-[:EXPERIENCED]->(i:Interaction)
WHERE i.requested_fields IS NOT NULL
UNWIND i.requested_fields AS field
WITH c, field, i, coalesce(i.ticket, i.activity_id, i.id) AS matter ORDER BY i.at, i.sequence, i.id
WITH c, field, collect({matter: matter, at: i.at, source: i.source}) AS asked
UNWIND range(1, size(asked) - 1) AS k
WITH c, field, asked[0] AS first, asked[k] AS again
WHERE again.matter <> first.matter AND again.at >= $since AND again.at < $until
RETURN field, first.source AS first_source, again.source AS again_source, count(again) AS times, count(DISTINCT c) AS customers,
       round(percentileCont((again.at.epochMillis - first.at.epochMillis) / 86400000.0, 0.5) * 10) / 10 AS median_days
ORDER BY times DESC, field, first_source, again_source
