// Records that leave the graph for good.
// :param keys => ["helpdesk/users/1"]
UNWIND $keys AS key
MATCH (r:SourceRecord {key: key})
DETACH DELETE r
