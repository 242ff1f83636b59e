// Paths before churn: runs of so many steps (not automated), how often each came up, how often churn was the very next
// step, with the 95 % Wilson interval of that share, and the lift: the share over that of all such runs. A run that
// nothing has followed yet counts as not followed by churn. What is more frequent before churn need not cause it.
// :param churn => ["subscription.cancelled"]   the kinds that are churn (default)
// :param steps => 3   how long a run is (default)
// :param least => 10   runs that came up less often are left out (default)
// :param since => datetime("2000-01-01T00:00:00Z")   steps from then on (default)
// :param until => datetime("2100-01-01T00:00:00Z")   steps before then (default)
// :param top => 20   how many paths (default)
MATCH (c:Customer)
CALL (c) {
  MATCH (c)-[:EXPERIENCED]->(i:Interaction)
  WHERE i.at >= $since AND i.at < $until AND NOT coalesce(i.automated, false)
  WITH i ORDER BY i.at, i.sequence, i.id
  RETURN collect(i.kind) AS kinds
}
WITH c, kinds WHERE size(kinds) >= $steps
UNWIND range($steps - 1, size(kinds) - 1) AS k
WITH c, reduce(path = kinds[k - $steps + 1], kind IN kinds[k - $steps + 2..k + 1] | path + " > " + kind) AS path,
     CASE WHEN kinds[k + 1] IN $churn THEN 1 ELSE 0 END AS churned
WITH path, count(*) AS n, count(DISTINCT c) AS customers, sum(churned) AS churned
WITH collect([path, n, customers, churned]) AS rows, sum(n) AS runs, sum(churned) AS churns
UNWIND rows AS row
WITH row[0] AS path, row[1] AS n, row[2] AS customers, row[3] AS churned, 1.0 * row[3] / row[1] AS share, runs, churns
WHERE n >= $least
WITH path, n, customers, churned, share, runs, churns, 1.96 * sqrt(share * (1 - share) / n + 0.9604 / (n * n)) AS spread
RETURN path, n, customers, churned, round(1000 * share) / 1000 AS share,
       round(1000 * (share + 1.9208 / n - spread) / (1 + 3.8416 / n)) / 1000 AS low,
       round(1000 * (share + 1.9208 / n + spread) / (1 + 3.8416 / n)) / 1000 AS high,
       CASE WHEN churns = 0 THEN null ELSE round(100 * share * runs / churns) / 100 END AS lift
ORDER BY churned DESC, lift DESC, path
LIMIT toInteger($top)
