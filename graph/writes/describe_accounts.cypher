// Which record describes which account, with the weight of the join in bits; the record is pending no more, the account is stale.
// :param rows => [{record: "crm/companies/1", id: "0197-id", weight: null, rule: "first record", evidence: null, name: "GB:acme", domain: "acme.test"}]
UNWIND $rows AS row
MATCH (r:SourceRecord {key: row.record})
MATCH (c:Account {id: row.id})
CREATE (r)-[:DESCRIBES {weight: row.weight, rule: row.rule, by: "linkage", evidence: row.evidence}]->(c)
SET r.pending = null, r.linked_name = row.name, r.linked_domain = row.domain, c.stale = true
