// Deliveries to a destination whose time has come, in their order.
// :param destination => "warehouse"
// :param now => 1751328000000
// :param most => 500
MATCH (d:Delivery {destination: $destination})
WHERE d.status = "WAITING" AND d.next_at <= datetime({epochMillis: $now})
RETURN d.id, d.attempts, d.event
ORDER BY d.turn
LIMIT $most
