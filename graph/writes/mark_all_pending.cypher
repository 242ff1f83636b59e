// Every record that can be linked waits to be linked again, a batch at a time; answers how many were marked.
// :param after => ""    the last key of the batch before
MATCH (r:SourceRecord)
WHERE r.key > $after AND r.kind IN ["person", "account", "mention"] AND r.body IS NOT NULL
WITH r ORDER BY r.key LIMIT 5000
SET r.pending = true
RETURN max(r.key)
