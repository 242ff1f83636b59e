// Pins are taken back; they stay as history.
// :param ids => ["0197-pin"]
// :param by => "ada"
// :param reason => null
// :param key => null
// :param request => null    the hash of what came under the key
// :param now => 1751328000000
UNWIND $ids AS id
MATCH (p:Pin {id: id})
SET p.reverted_at = datetime({epochMillis: $now}), p.reverted_by = $by, p.reverted_because = $reason, p.revert_key = $key,
    p.revert_request = $request
