// Pairs that a person has decided about, either way round; they stand behind all that wait.
// :param rows => [["crm/contacts/1", "helpdesk/users/2", "ACCEPTED", "0197-decision"]]
UNWIND $rows AS row
MATCH (:SourceRecord {key: row[0]})-[m:MAY_MATCH {status: "OPEN"}]-(:SourceRecord {key: row[1]})
SET m.status = row[2], m.decision = row[3], m.queue = "2" + substring(m.queue, 1)
