// Which account each customer works for.
// :param rows => [{customer: "0197-id", account: "0197-account"}]
UNWIND $rows AS row
MATCH (c:Customer {id: row.customer})
MATCH (a:Account {id: row.account})
CREATE (c)-[:WORKS_FOR]->(a)
