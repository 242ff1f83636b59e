// What a source pushed and nobody has stored as records yet, a batch at a time; answers how many went.
// :param source => "helpdesk"
MATCH (n:Push)
WHERE n.source = $source
WITH n LIMIT 2000
DETACH DELETE n
RETURN count(*)
