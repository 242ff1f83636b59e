// Customers who work for an account that one of these records leaves: they may work for another from now on.
// :param rows => [{record: "crm/companies/1", id: "0197-id"}]
UNWIND $rows AS row
MATCH (:SourceRecord {key: row.record})-[:DESCRIBES]->(a:Account)
WHERE a.id <> row.id
WITH DISTINCT a
MATCH (c:Customer)-[:WORKS_FOR]->(a)
SET c.stale = true
