// Scores of the touchpoints they are about, the worst first; `marked`: the company calls it a moment of truth. Only
// transactional answers; one row a scale, for scales are never pooled. NPS: 100 x (promoters - detractors) / n with the
// adjusted Wald interval; CSAT (top two of five, or good of two) and CES (5 to 7 of 7): share in percent with the Wilson interval.
// :param metric => "csat"   nps, csat or ces (default)
// :param since => datetime("2000-01-01T00:00:00Z")   answers from then on (default)
// :param until => datetime("2100-01-01T00:00:00Z")   answers before then (default)
// :param least => 5   touchpoints with fewer answers are left out (default)
MATCH (s:Survey)-[:ABOUT]->(:Interaction)-[:AT]->(t:Touchpoint)
WHERE s.metric = $metric AND s.score IS NOT NULL AND s.at >= $since AND s.at < $until AND coalesce(s.program, "transactional") <> "relationship"
WITH t, s.scale_min AS low_end, s.scale_max AS high_end, count(s) AS n,
     sum(CASE WHEN $metric = "nps" AND s.score >= 9 THEN 1.0
              WHEN $metric = "csat" AND s.scale_max - s.scale_min = 4 AND s.score >= s.scale_max - 1 THEN 1.0
              WHEN $metric = "csat" AND s.scale_max - s.scale_min = 1 AND s.score = s.scale_max THEN 1.0
              WHEN $metric = "ces" AND s.scale_max = 7 AND s.score >= 5 THEN 1.0 ELSE 0.0 END) AS good,
     sum(CASE WHEN $metric = "nps" AND s.score <= 6 THEN 1.0 ELSE 0.0 END) AS bad
WHERE n >= $least AND ($metric = "nps" OR ($metric = "csat" AND high_end - low_end IN [1, 4]) OR ($metric = "ces" AND high_end = 7))
WITH t, low_end, high_end, n, good, bad, good / n AS p, (good + 0.75) / (n + 3) AS up, (bad + 0.75) / (n + 3) AS down
WITH t, low_end, high_end, n, p, 100 * (good - bad) / n AS nps, up - down AS middle,
     1.96 * sqrt((up + down - (up - down) * (up - down)) / (n + 3)) AS wald, 1.96 * sqrt(p * (1 - p) / n + 0.9604 / (n * n)) AS wilson
RETURN t.name AS touchpoint, t.function AS function, t.moment_of_truth AS marked, low_end, high_end, n,
       round(10 * CASE WHEN $metric = "nps" THEN nps ELSE 100 * p END) / 10 AS value,
       round(1000 * CASE WHEN $metric = "nps" THEN middle - wald ELSE (p + 1.9208 / n - wilson) / (1 + 3.8416 / n) END) / 10 AS low,
       round(1000 * CASE WHEN $metric = "nps" THEN middle + wald ELSE (p + 1.9208 / n + wilson) / (1 + 3.8416 / n) END) / 10 AS high
ORDER BY value, n DESC, touchpoint
