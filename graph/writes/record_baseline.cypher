// Keep a baseline of the lifecycle once; gives what is kept under the id, and the hash of the request that made it.
// :param id => "0197-id"
// :param name => "before the new onboarding"
// :param body => "{}"
// :param by => "ines"
// :param now => 1767225600000
// :param request => "hash"
MERGE (b:Baseline {id: $id})
ON CREATE SET b.name = $name, b.body = $body, b.by = $by, b.recorded_at = datetime({epochMillis: $now}), b.request = $request
RETURN b.body, b.request
