// How the reading of a source ended; the source remembers its newest run.
// :param id => "0197-run"
// :param source => "crm"
// :param status => "SUCCEEDED"
// :param error => null
// :param pages => 3
// :param records => 100
// :param changed => 10
// :param interactions => 80
// :param rejected => 0
// :param now => 1751328000000
MATCH (s:Source {name: $source})
SET s.status = $status, s.error = $error,
    s.last_success_at = CASE WHEN $status = "SUCCEEDED" THEN datetime({epochMillis: $now}) ELSE s.last_success_at END
WITH s
MATCH (r:SyncRun {id: $id})
SET r.finished_at = datetime({epochMillis: $now}), r.status = $status, r.error = $error, r.pages = $pages,
    r.records = $records, r.changed = $changed, r.interactions = $interactions, r.rejected = $rejected
