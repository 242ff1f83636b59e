// Pins that somebody made, or took back, under this key.
// :param key => "my-request-1"
// :param by => "token"
CALL () {
    MATCH (p:Pin {idempotency_key: $key}) WHERE p.by = $by RETURN p
    UNION
    MATCH (p:Pin {revert_key: $key}) WHERE p.reverted_by = $by RETURN p
}
WITH p ORDER BY p.id
RETURN p.id, p.record
