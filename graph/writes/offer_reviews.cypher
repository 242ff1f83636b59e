// Pairs that a person should decide about, their weight in bits.
// :param rows => [{left: "crm/contacts/1", right: "helpdesk/users/2", weight: 0.4, probability: 0.57}]
UNWIND $rows AS row
MATCH (a:SourceRecord {key: row.left})
MATCH (b:SourceRecord {key: row.right})
CREATE (a)-[:MAY_MATCH {weight: row.weight, probability: row.probability, status: "OPEN"}]->(b)
