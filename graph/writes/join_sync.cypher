// Somebody who wanted a sync is given the one that is under way, and the same again when the request comes again.
// :param id => "0197-sync"
// :param joined => "0f3a 1f"    what stands for who asks and their key, and the hash of the request
MATCH (s:Sync {id: $id})
SET s.joined = coalesce(s.joined, []) + $joined
