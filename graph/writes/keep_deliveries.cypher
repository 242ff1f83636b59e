// Deliveries that wait from now on, each once.
// :param destination => "warehouse"
// :param rows => [{id: "warehouse/evt_0f3a", type: "customer.created", turn: "0197-turn", event: "{}"}]
// :param now => 1751328000000
UNWIND $rows AS row
MERGE (d:Delivery {id: row.id})
ON CREATE SET d.destination = $destination, d.type = row.type, d.turn = row.turn, d.event = row.event,
  d.status = "WAITING", d.attempts = 0, d.next_at = datetime({epochMillis: $now})
