// Runs that never ended: their process was stopped. One sync works at a time, so none of them is still at it.
// :param source => "crm"
MATCH (r:SyncRun {source: $source})
WHERE r.status = "RUNNING"
SET r.status = "INTERRUPTED"
