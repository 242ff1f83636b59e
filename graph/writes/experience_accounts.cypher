// What accounts experienced where no person is known.
// :param rows => [{record: "crm/companies/1", account: "0197-id"}]
UNWIND $rows AS row
MATCH (i:Interaction {account_record: row.record})
MATCH (a:Account {id: row.account})
MERGE (a)-[:EXPERIENCED]->(i)
