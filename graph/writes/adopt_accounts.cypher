// Accounts that belong to another, named by the key of its record.
// :param rows => [{account: "0197-id", parent: "crm/companies/1"}]
UNWIND $rows AS row
MATCH (a:Account {id: row.account})
MATCH (:SourceRecord {key: row.parent})-[:DESCRIBES]->(parent:Account)
MERGE (a)-[:PARENT]->(parent)
