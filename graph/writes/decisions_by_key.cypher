// Decisions that somebody took, or took back, under this key; and the hash of that request.
// :param key => "my-request-1"
// :param by => "token"
CALL () {
    MATCH (d:Decision {idempotency_key: $key}) WHERE d.by = $by RETURN d, d.request AS request
    UNION
    MATCH (d:Decision {revert_key: $key}) WHERE d.reverted_by = $by RETURN d, d.revert_request AS request
}
WITH d, request ORDER BY d.id
RETURN d.id, d.kind, d.records, d.apart, request
