// Words of customers' names and companies.
// :param rows => [["0197-id", "lovelace"]]
UNWIND $rows AS row
MATCH (n:Customer {id: row[0]})
MATCH (w:Word {text: row[1]})
CREATE (n)-[:NAMED_BY]->(w)
