// A source is about to be read.
// :param id => "0197-run"
// :param source => "crm"
// :param connector => "files"
// :param trust => 0.5
// :param now => 1751328000000
MERGE (s:Source {name: $source})
SET s.connector = $connector, s.trust = $trust, s.status = "RUNNING", s.last_sync_at = datetime({epochMillis: $now})
CREATE (:SyncRun {id: $id, source: $source, started_at: datetime({epochMillis: $now}), status: "RUNNING",
                  pages: 0, records: 0, changed: 0, interactions: 0, rejected: 0})
