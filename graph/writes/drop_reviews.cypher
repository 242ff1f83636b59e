// Pairs that no longer wait for a person.
// :param rows => [["crm/contacts/1", "helpdesk/users/2"]]
UNWIND $rows AS row
MATCH (:SourceRecord {key: row[0]})-[m:MAY_MATCH {status: "OPEN"}]->(:SourceRecord {key: row[1]})
DELETE m
