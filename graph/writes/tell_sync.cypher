// How far a sync is, or how it ended. One whose node is not there (it waits for its turn and nobody asked) tells nothing.
// :param id => "0197-sync"
// :param owner => "host 1 0.00 ab"
// :param status => "RUNNING"
// :param state => "{}"
// :param error => null
// :param finished => null
MATCH (s:Sync {id: $id})
SET s.status = $status, s.owner = $owner, s.heard = timestamp(), s.state = $state, s.error = $error,
    s.finished_at = CASE WHEN $finished IS NULL THEN null ELSE datetime({epochMillis: $finished}) END
