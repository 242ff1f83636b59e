// How many deliveries wait, are dead and were withheld, by destination; those that nothing waits for are among them.
MATCH (d:Destination)
OPTIONAL MATCH (w:Delivery {destination: d.name})
RETURN d.name, count(CASE WHEN w.status = "WAITING" THEN 1 END), count(CASE WHEN w.status = "DEAD" THEN 1 END),
  coalesce(d.withheld, 0)
ORDER BY d.name
