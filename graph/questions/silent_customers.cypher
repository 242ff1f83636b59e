// Customers who have fallen silent: no activity (inbound, not automated) for at least 14 days and for more than three
// times their own median gap between active days (UTC), of whom at least five gaps are known. The longest silence, in their own measure, first.
// :param now => datetime()   the moment from which one looks back (default)
// :param top => 100   how many rows (default)
MATCH (c:Customer)-[:EXPERIENCED]->(i:Interaction)
WHERE i.direction = "inbound" AND NOT coalesce(i.automated, false) AND i.at <= $now
WITH DISTINCT c, i.at.epochMillis / 86400000 AS day
WITH c, day ORDER BY day
WITH c, collect(day) AS days
WHERE size(days) >= 6
UNWIND range(1, size(days) - 1) AS k
WITH c, days[size(days) - 1] AS last_day, days[k] - days[k - 1] AS gap
WITH c, last_day, count(gap) AS gaps, percentileCont(gap * 1.0, 0.5) AS usual_days
WITH c, gaps, usual_days, last_day, datetime({epochMillis: last_day * 86400000}) AS last_active, $now AS now
WITH c, gaps, usual_days, last_active, now.epochMillis / 86400000 - last_day AS quiet_days
WHERE quiet_days >= 14 AND quiet_days > 3 * usual_days
RETURN c.id AS id, c.display_name AS name, c.lifecycle_stage AS stage, c.owner AS owner, last_active, quiet_days, usual_days, gaps
ORDER BY quiet_days / usual_days DESC, id
LIMIT toInteger($top)
