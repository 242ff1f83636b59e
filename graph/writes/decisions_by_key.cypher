// Decisions that somebody took, or took back, under this key.
// :param key => "my-request-1"
// :param by => "token"
CALL () {
    MATCH (d:Decision {idempotency_key: $key}) WHERE d.by = $by RETURN d
    UNION
    MATCH (d:Decision {revert_key: $key}) WHERE d.reverted_by = $by RETURN d
}
WITH d ORDER BY d.id
RETURN d.id, d.kind, d.records, d.apart
