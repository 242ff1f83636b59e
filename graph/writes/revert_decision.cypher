// A decision is taken back; it stays as history.
// :param id => "0197-decision"
// :param now => 1751328000000
// :param by => "token"
// :param reason => null
// :param key => null    the idempotency key of the request
// :param request => null    the hash of what came under the key
// :param outcome => null    what is answered, as JSON, where the request comes again under its key
MATCH (d:Decision {id: $id})
SET d.reverted_at = datetime({epochMillis: $now}), d.reverted_by = $by, d.reverted_because = $reason,
    d.revert_key = $key, d.revert_request = $request, d.revert_outcome = $outcome
