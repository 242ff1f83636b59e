// Which record describes which customer, with the weight of the join in bits; the record is pending no more, the customer is stale.
// :param rows => [{record: "crm/contacts/1", id: "0197-id", weight: 12.5, rule: "model", evidence: "{}"}]
UNWIND $rows AS row
MATCH (r:SourceRecord {key: row.record})
MATCH (c:Customer {id: row.id})
CREATE (r)-[:DESCRIBES {weight: row.weight, rule: row.rule, by: "linkage", evidence: row.evidence}]->(c)
SET r.pending = null, c.stale = true
