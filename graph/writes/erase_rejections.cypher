// What a source left of its rejections, a batch at a time; answers how many went.
// :param source => "helpdesk"
MATCH (n:Rejection)
WHERE n.source = $source
WITH n LIMIT 2000
DETACH DELETE n
RETURN count(*)
