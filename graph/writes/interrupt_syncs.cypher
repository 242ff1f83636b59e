// Syncs that never ended: their process was stopped. One sync works at a time, so none of them is still at it.
// :param id => "0197-sync"
MATCH (s:Sync)
WHERE s.status = "RUNNING" AND s.id <> $id
SET s.status = "INTERRUPTED"
