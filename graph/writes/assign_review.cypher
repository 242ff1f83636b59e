// Who looks into a pair that waits for a person; answers whether it is there.
// :param left => "crm/contacts/1"
// :param right => "helpdesk/users/2"
// :param assignee => "cleo"
MATCH (:SourceRecord {key: $left})-[m:MAY_MATCH {status: "OPEN"}]->(:SourceRecord {key: $right})
SET m.assignee = $assignee
RETURN count(*)
