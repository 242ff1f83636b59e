// Syncs of long ago, and the keys under which they were asked for.
// :param before => 1751328000000
MATCH (s:Sync)
WHERE s.heard < $before
DETACH DELETE s
