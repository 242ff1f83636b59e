// What a source left of its versions, a batch at a time; answers how many went.
// :param prefix => "helpdesk/"
MATCH (n:RecordVersion)
WHERE n.record STARTS WITH $prefix
WITH n LIMIT 2000
DETACH DELETE n
RETURN count(*)
