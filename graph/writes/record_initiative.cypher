// Keep an initiative once; gives what is kept under the id, and the hash of the request that made it.
// :param id => "0197-id"
// :param name => "new_onboarding"
// :param body => "{}"
// :param by => "ines"
// :param now => 1767225600000
// :param request => "hash"
MERGE (i:Initiative {id: $id})
ON CREATE SET i.name = $name, i.body = $body, i.by = $by, i.recorded_at = datetime({epochMillis: $now}), i.request = $request
RETURN i.body, i.request
