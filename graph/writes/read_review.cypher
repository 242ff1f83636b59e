// A pair that waits for a person: what its records say, as a version, and whether one waits to be linked.
// :param left => "crm/contacts/1"
// :param right => "helpdesk/users/2"
MATCH (a:SourceRecord {key: $left})-[:MAY_MATCH {status: "OPEN"}]->(b:SourceRecord {key: $right})
RETURN a.hash + b.hash, a.pending IS NOT NULL OR b.pending IS NOT NULL
