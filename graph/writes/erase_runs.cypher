// The runs of a source, and the source itself, a batch at a time; answers how many went.
// :param source => "helpdesk"
MATCH (n)
WHERE (n:SyncRun AND n.source = $source) OR (n:Source AND n.name = $source)
WITH n LIMIT 2000
DETACH DELETE n
RETURN count(*)
