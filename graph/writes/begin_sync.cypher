// A sync begins: it holds the lease. One that was asked for has its node already.
// :param id => "0197-sync"
// :param owner => "host 1 0.00 ab"
// :param now => 1751328000000
// :param state => "{}"
MERGE (s:Sync {id: $id})
SET s.status = "RUNNING", s.owner = $owner, s.heard = timestamp(), s.state = $state,
    s.started_at = datetime({epochMillis: $now})
