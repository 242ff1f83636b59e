// Customers that live in one household or work in one company.
// :param rows => [["0197-id", "0197-other", "household", 0.93]]
UNWIND $rows AS row
MATCH (a:Customer {id: row[0]})
MATCH (b:Customer {id: row[1]})
CREATE (a)-[:RELATED {kind: row[2], probability: row[3]}]->(b)
