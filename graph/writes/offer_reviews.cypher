// Pairs that a person should decide about, their weight in bits; what people noted on one that waits already stays.
// :param rows => [{left: "crm/contacts/1", right: "helpdesk/users/2", weight: 0.4, probability: 0.57}]
UNWIND $rows AS row
MATCH (a:SourceRecord {key: row.left})
MATCH (b:SourceRecord {key: row.right})
MERGE (a)-[m:MAY_MATCH {status: "OPEN"}]->(b)
SET m.weight = row.weight, m.probability = row.probability
