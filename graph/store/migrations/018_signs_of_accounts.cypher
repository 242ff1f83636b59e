// 018_signs_of_accounts.cypher: account records that may be one company find each other, former ids are found by who answers for them, customers by the account that they wait for; who belongs to an account that is not known, or to one whose records have changed, is derived anew.
CREATE INDEX source_record_by_linked_name IF NOT EXISTS FOR (n:SourceRecord) ON (n.linked_name);
CREATE INDEX source_record_by_linked_domain IF NOT EXISTS FOR (n:SourceRecord) ON (n.linked_domain);
CREATE INDEX former_id_by_now IF NOT EXISTS FOR (n:FormerId) ON (n.now);
CREATE INDEX customer_by_awaited_account IF NOT EXISTS FOR (n:Customer) ON (n.awaited_account);
MATCH (r:SourceRecord {kind: 'person'})
WHERE r.body CONTAINS '"account_id":"'
MATCH (r)-[:DESCRIBES]->(c:Customer)
WHERE NOT EXISTS { (c)-[:WORKS_FOR]->(:Account) }
SET c.stale = true;
MATCH (i:Identity {of: 'account'})
WHERE i.ended IS NOT NULL
MATCH (c:Customer)-[:WORKS_FOR]->(:Account {id: i.id})
SET c.stale = true;
