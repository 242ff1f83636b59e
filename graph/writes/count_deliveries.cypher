// How many deliveries wait and are dead, by destination; those that nothing waits for are among them.
MATCH (d:Destination)
OPTIONAL MATCH (w:Delivery {destination: d.name})
RETURN d.name, count(CASE WHEN w.status = "WAITING" THEN 1 END), count(CASE WHEN w.status = "DEAD" THEN 1 END)
ORDER BY d.name
