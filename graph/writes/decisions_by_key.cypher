// Decisions that somebody took, or took back, under this key; the hash of that request, and
// what was answered.
// :param key => "my-request-1"
// :param by => "token"
CALL () {
    MATCH (d:Decision {idempotency_key: $key}) WHERE d.by = $by RETURN d, d.request AS request, d.outcome AS outcome
    UNION
    MATCH (d:Decision {revert_key: $key}) WHERE d.reverted_by = $by RETURN d, d.revert_request AS request, d.revert_outcome AS outcome
}
WITH d, request, outcome ORDER BY d.id
RETURN d.id, d.kind, d.records, d.apart, outcome, request
