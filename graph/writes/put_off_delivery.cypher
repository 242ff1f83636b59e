// A delivery that could not be handed over: when it is tried again, or that it is dead.
// :param id => "warehouse/evt_0f3a"
// :param attempts => 1
// :param status => "WAITING"
// :param next_at => 1751328060000
// :param problem => "it answers 503"
MATCH (d:Delivery {id: $id})
SET d.attempts = $attempts, d.status = $status, d.next_at = datetime({epochMillis: $next_at}), d.problem = $problem
