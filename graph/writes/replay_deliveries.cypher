// Dead deliveries wait again as if they were new: one, those of a destination, or all.
// :param id => null
// :param destination => "warehouse"
// :param now => 1751328000000
MATCH (d:Delivery {status: "DEAD"})
WHERE ($id IS NULL OR d.id = $id) AND ($destination IS NULL OR d.destination = $destination)
SET d.status = "WAITING", d.attempts = 0, d.next_at = datetime({epochMillis: $now})
RETURN collect(d.id)
