// Pins that somebody made, or took back, under this key; which
// pins gave way, and the hash of that request.
// :param key => "my-request-1"
// :param by => "token"
CALL () {
    MATCH (p:Pin {idempotency_key: $key}) WHERE p.by = $by RETURN p, p.request AS request, coalesce(p.replaced, []) AS replaced
    UNION
    MATCH (p:Pin {revert_key: $key}) WHERE p.reverted_by = $by RETURN p, p.revert_request AS request, [p.id] AS replaced
}
WITH p, request, replaced ORDER BY p.id
RETURN p.id, p.record, replaced, request
