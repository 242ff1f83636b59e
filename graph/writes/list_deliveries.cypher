// What waits to be delivered and what is dead; the dead first.
// :param destination => null    of one; all unless said
// :param most => 100
MATCH (d:Delivery)
WHERE $destination IS NULL OR d.destination = $destination
RETURN d.id, d.destination, d.type, d.status, d.attempts, d.next_at.epochMillis, d.problem
ORDER BY d.status, d.turn
LIMIT $most
