// The process that will begin a sync that was asked for.
// :param id => "0197-sync"
// :param begins => "host 2 0.00"
MATCH (s:Sync {id: $id})
SET s.begins = $begins
